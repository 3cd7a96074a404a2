// What was looked at lately, in this browser alone.

import { data, find, link, make } from "./page.js";

const SLOT = "recent";
/** How many products are remembered: what a shopper goes back to. */
const MOST = 8;

const brandOf = (code) => code.split(".")[0];

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(SLOT));
    return Array.isArray(kept) ? kept.filter((one) => typeof one?.code === "string" && typeof one?.name === "string") : [];
  } catch {
    return [];
  }
}

/** Remembers a product: `{ code, name }`. */
export function remember(product) {
  const others = read().filter((one) => one.code !== product.code);
  try {
    localStorage.setItem(SLOT, JSON.stringify([product, ...others].slice(0, MOST)));
  } catch {
    // Nothing is remembered where nothing can be kept.
  }
}

/** Lists the products of a brand that were looked at. */
export function showRecent(brand) {
  const section = find("[data-recent]");
  const products = read().filter((one) => brandOf(one.code) === brand);
  section.hidden = products.length === 0;
  const cards = products.map((one) => {
    const address = link(`/products/${encodeURIComponent(one.code)}`);
    return make("li", {}, make("a", { class: "card", href: address }, one.name));
  });
  find("ul", section).replaceChildren(...cards);
}
