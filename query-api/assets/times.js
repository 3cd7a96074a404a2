// What a page says that depends on the time of day: until when stores are open, and keep what is put aside.

import { pageAnew } from "./api.js";
import { data, find, findAll, setText } from "./page.js";

/** For how long what was told counts where it is promised, in milliseconds: it changes by the minute at most. */
const COUNTS_FOR = 60000;

// What the browser kept for its back button, and for tabs that are opened again, was told at some other time.
let toldAt = performance.getEntriesByType("navigation")[0]?.type === "back_forward" ? 0 : Date.now();
let running = null;

/** Whether all of it may be promised. */
export const areFresh = () => Date.now() - toldAt < COUNTS_FOR;

async function read() {
  const page = await pageAnew();
  const stores = new Map(JSON.parse(find("#data", page).textContent).stores.map((store) => [store.store_id, store]));
  for (const store of data.stores) store.keeps_until = stores.get(store.store_id)?.keeps_until ?? null;
  for (const item of findAll("[data-store]")) {
    const [shown, now] = [item, find(`[data-store="${item.dataset.store}"]`, page)].map((of) => of && find(".open", of));
    if (!shown || !now) continue;
    setText(shown, now.textContent);
    shown.className = now.className;
  }
  toldAt = Date.now();
}

/** Reads them anew, unless they are younger than so many milliseconds. */
export function renewTimes(younger = COUNTS_FOR) {
  if (Date.now() - toldAt < younger) return Promise.resolve();
  running ??= read().finally(() => (running = null));
  return running;
}
