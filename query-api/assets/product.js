// A product's page: the SKU that is chosen, its counts as they change, and where the shopper is.

import { data, find, findAll, fill, make, setText } from "./page.js";
import { lookup } from "./api.js";
import { keepFresh } from "./fresh.js";
import { follow } from "./live.js";
import { offerPlaces } from "./place.js";
import { offerHolds } from "./placing.js";
import { remember } from "./recent.js";
import { tellAge, tellReached } from "./age.js";
import { renewTimes } from "./times.js";

/** Up to how many pieces are few, as the server has it. */
const FEW = 2;
/** Most counts that one stream follows, as the server has it. */
const FOLLOWED = 100;
/** Pause between two looks at how old the counts are, in milliseconds: a stream says nothing while nothing changes. */
const LOOKS = 20000;
/** Age at which what depends on the time of day is read anew, in milliseconds: a whole page, so seldom. */
const TIMES = 300000;

const names = new Map(data.skus);
/** Pieces in the store and pieces that one hold can have, by store and SKU. */
const counts = new Map();
let chosen = data.chosen;

for (const store of data.stores) {
  for (const [sku, inStore, available] of store.stock) counts.set(`${store.store_id} ${sku}`, { inStore, available });
}

const countOf = (storeId, sku) => counts.get(`${storeId} ${sku}`);

/** The class and the words of a count; `whole` says as well whether one hold can have any. */
function told(count, few, whole) {
  if (!count) return ["never", data.shop.never];
  if (count.inStore <= 0) return ["none", data.shop.none];
  if (whole && count.available <= 0) return ["many", data.shop.only_there];
  return count.inStore <= FEW ? ["few", fill(few, { n: count.inStore })] : ["many", data.shop.many];
}

function setClass(element, name) {
  element.classList.remove("many", "few", "none", "never");
  element.classList.add(name);
}

function showStore(item) {
  const count = countOf(item.dataset.store, chosen);
  const [name, text] = told(count, data.shop.few, true);
  const shown = find("[data-count]", item);
  setText(shown, text);
  setClass(shown, name);
  find("[data-hold]", item).disabled = !(count?.available > 0);
  const dot = find(`[data-dot="${item.dataset.store}"]`);
  if (dot) setClass(dot, name);
}

function showCell(cell) {
  const sku = cell.dataset.sku;
  const known = data.stores.map((store) => countOf(store.store_id, sku)).filter(Boolean);
  const most = known.reduce((best, count) => (best && best.inStore >= count.inStore ? best : count), undefined);
  const [name, text] = told(most, data.shop.few_short, false);
  setText(find("span", cell), text);
  setClass(cell, name);
  if (sku === chosen) cell.setAttribute("aria-current", "true");
  else cell.removeAttribute("aria-current");
}

function show() {
  const sku = names.get(chosen);
  setText(find("[data-chosen]"), fill(data.shop.of_sku, { sku }));
  const n = data.stores.filter((store) => countOf(store.store_id, chosen)?.inStore > 0).length;
  setText(find("[data-picked]"), fill(data.shop.picked, { sku, n, all: data.stores.length }));
  findAll("[data-sku]").forEach(showCell);
  findAll("[data-store]").forEach(showStore);
}

function choose(event) {
  const cell = event.currentTarget;
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  chosen = cell.dataset.sku;
  history.replaceState(history.state, "", cell.href.split("#")[0]);
  carryAlong(new URLSearchParams(location.search).get("sku"));
  show();
  live.follow(followed());
}

/** What leads to this page in another place or language leads to what is chosen. */
function carryAlong(sku) {
  for (const form of findAll("[data-place]")) {
    if (!form.elements.sku) form.append(make("input", { type: "hidden", name: "sku" }));
    form.elements.sku.value = sku;
  }
  for (const other of findAll(".languages a")) {
    const address = new URL(other.href);
    address.searchParams.set("sku", sku);
    other.href = address;
  }
}

/** What is followed: all SKUs where they fit into one stream, otherwise the one that is chosen. */
function followed() {
  const stores = data.stores.map((store) => store.store_id);
  const fits = stores.length * names.size <= FOLLOWED;
  return { stores, skus: fits ? [...names.keys()] : [chosen] };
}

function take(stock) {
  counts.set(`${stock.store_id} ${stock.sku}`, { inStore: stock.in_store, available: stock.available });
}

const live = follow((stock) => {
  take(stock);
  tellAge(stock);
  show();
});

let etag = null;

async function look() {
  const query = new URLSearchParams({ sku: chosen, store_id: data.stores.map((store) => store.store_id).join(",") });
  const answer = await lookup(`/v1/stock?${query}`, { etag });
  etag = answer.etag;
  tellReached(true);
  if (answer.changed) {
    answer.body.stock.forEach(take);
    tellAge(answer.body);
    show();
  }
  // Counts are told all the same where the page cannot be had.
  await renewTimes(TIMES).catch(() => {});
}

findAll("[data-sku]").forEach((cell) => cell.addEventListener("click", choose));
offerPlaces();
remember({ code: data.product_code, name: data.name });
tellAge(data);
show();
if (chosen && data.stores.length > 0) {
  live.follow(followed());
  keepFresh(look, { every: LOOKS, failed: () => tellReached(false) });
}
offerHolds({ chosen: () => chosen, countOf, names });
