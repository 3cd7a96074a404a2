// Finding what somebody holds in their hand, or asks for: by barcode, SKU or words.

import { lookup } from "./api.js";
import { fill, make } from "./page.js";
import { store } from "./staff-store.js";
import { described, problem, words } from "./staff-text.js";

/** Most SKUs that are offered: as many as a shopping bag has, which is asked for at once. */
const MOST = 20;

async function search(text) {
  const { id, brand } = store();
  const own = `${brand}.${text}`.toLowerCase();
  const query = new URLSearchParams({ brand, q: text, limit: "10" });
  const { body } = await lookup(`/v1/products?${query}`);
  const all = body.products.flatMap((product) => product.skus.map((sku) => ({ ...sku, name: product.name })));
  // What a scanner types is one SKU and no other.
  const same = (item) => item.gtin === text || [own, text.toLowerCase()].includes(item.sku.toLowerCase());
  const exact = all.filter(same);
  const items = (exact.length ? exact : all).slice(0, MOST);
  if (!items.length) return { items, exact: false };
  const skus = items.map((item) => item.sku).join(",");
  const stock = await lookup(`/v1/stock?${new URLSearchParams({ sku: skus, store_id: id })}`);
  const counts = new Map(stock.body.stock.map((row) => [row.sku, row.available]));
  return { items: items.map((item) => ({ ...item, available: counts.get(item.sku) })), exact: exact.length === 1 };
}

/**
 * Makes a field look up what is typed there. `chosen` is told the item, `empty` that Enter was pressed on nothing.
 */
export function itemField(field, list, { chosen, empty }) {
  const choose = (item) => {
    field.value = "";
    list.replaceChildren();
    chosen(item);
  };
  const show = (items) => {
    const choice = (item) => {
      const left = item.available === undefined ? "" : fill(words.available, { n: item.available });
      const code = [item.sku.split(".")[1], left].filter(Boolean).join("・");
      const button = make("button", { type: "button", class: "plain link" }, described(item), make("span", { class: "small soft number" }, code));
      button.addEventListener("click", () => choose(item));
      return make("li", {}, button);
    };
    list.replaceChildren(...items.map(choice));
    if (!items.length) list.replaceChildren(make("li", { class: "soft", role: "status" }, words.item_none));
    list.querySelector("button")?.focus();
  };
  field.addEventListener("keydown", async (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const text = field.value.normalize("NFKC").trim();
    if (!text) return empty();
    try {
      const { items, exact } = await search(text);
      if (exact) choose(items[0]);
      else show(items);
    } catch (error) {
      list.replaceChildren(make("li", { class: "wrong", role: "alert" }, problem(error)));
    }
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll("button")];
    const next = buttons.indexOf(document.activeElement) + step;
    (next < 0 ? field : buttons[Math.min(next, buttons.length - 1)])?.focus();
  });
}
