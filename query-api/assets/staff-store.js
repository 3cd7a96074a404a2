// Which store the screen is about.

import { lookup } from "./api.js";
import { session } from "./oidc.js";
import { find, link, make } from "./page.js";
import { words } from "./staff-text.js";

const CHOSEN = "staff:store";

let stores = [];
let chosen = null;

/** The store, `{ id, brand, name, zone }`, or none while nobody has chosen. */
export const store = () => chosen;

function choose(id) {
  const found = stores.length === 1 ? stores[0] : stores.find((one) => one.store_id === id);
  if (!found) return;
  chosen = { id: found.store_id, brand: session()?.brand, name: found.name, zone: found.time_zone };
  sessionStorage.setItem(CHOSEN, chosen.id);
  find("#store").value = chosen.id;
}

/** Offers the stores that whoever is signed in may see, and tells when another one is chosen. */
export async function offerStores(changed) {
  const { brand, roles, stores: own } = session();
  const { body } = await lookup(link(`/staff/stores?${new URLSearchParams({ brand })}`));
  const all = roles.includes("manager");
  stores = body.stores.filter((one) => all || own.includes(one.store_id));
  const select = find("#store");
  select.replaceChildren(...stores.map((one) => make("option", { value: one.store_id }, one.name || one.store_id)));
  select.hidden = stores.length === 0;
  select.disabled = stores.length === 1;
  choose(sessionStorage.getItem(CHOSEN) ?? "");
  if (!chosen) select.prepend(make("option", { value: "", selected: true, disabled: true }, words.choose_store));
  select.addEventListener("change", () => {
    choose(select.value);
    changed();
  });
  return stores.length > 0;
}
