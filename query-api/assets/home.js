// A brand's home: suggestions while somebody types, and what was looked at lately.

import { lookup } from "./api.js";
import { data, find, lang, link, make } from "./page.js";
import { offerPlaces } from "./place.js";
import { showRecent } from "./recent.js";
import "./age.js";

/** Pause after a key before anything is asked, in milliseconds: whoever types fast asks once. */
const PAUSE = 180;
/** Suggestions that are shown: what fits above the keyboard of a phone. */
const MOST = 6;

const field = find("#q");
const list = find("#suggestions");
let timer = 0;
let asked = 0;
let active = -1;

const pick = (name) => (lang === "ja" ? (name.ja ?? name.en) : (name.en ?? name.ja)) ?? "";
const options = () => [...list.children];

function close() {
  list.hidden = true;
  active = -1;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function mark(next) {
  const all = options();
  if (all.length === 0) return;
  active = (next + all.length) % all.length;
  all.forEach((option, n) => option.setAttribute("aria-selected", String(n === active)));
  field.setAttribute("aria-activedescendant", all[active].id);
}

function show(products) {
  const items = products.map((product, n) => {
    const code = product.product_code.slice(product.product_code.indexOf(".") + 1);
    const option = make(
      "li",
      { role: "option", id: `suggestion-${n}`, "aria-selected": "false" },
      make("span", {}, pick(product.name)),
      make("span", { class: "small soft number" }, code),
    );
    option.dataset.address = link(`/products/${encodeURIComponent(product.product_code)}`);
    option.addEventListener("pointerdown", (event) => event.preventDefault());
    option.addEventListener("click", () => location.assign(option.dataset.address));
    return option;
  });
  list.replaceChildren(...items);
  list.hidden = items.length === 0;
  active = -1;
  field.setAttribute("aria-expanded", String(items.length > 0));
}

async function suggest() {
  const q = field.value.trim();
  asked += 1;
  const mine = asked;
  if (!q) return close();
  try {
    const query = new URLSearchParams({ brand: data.brand, q, limit: MOST });
    const { body } = await lookup(`/v1/products?${query}`);
    if (mine === asked && document.activeElement === field) show(body.products);
  } catch {
    // Whoever sends the form is told; a suggestion that fails is none.
    close();
  }
}

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(suggest, PAUSE);
});
field.addEventListener("keydown", (event) => {
  if (event.isComposing || list.hidden) return;
  if (event.key === "ArrowDown") mark(active + 1);
  else if (event.key === "ArrowUp") mark(active <= 0 ? -1 : active - 1);
  else if (event.key === "Escape") close();
  else if (event.key === "Enter" && active >= 0) location.assign(options()[active].dataset.address);
  else return;
  event.preventDefault();
});
field.addEventListener("blur", close);

offerPlaces();
showRecent(data.brand);
