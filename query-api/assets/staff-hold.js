// Placing a hold for somebody at the counter, by keyboard alone.

import { command } from "./api.js";
import { phoneOf } from "./contact.js";
import { forgetKey, keyOf } from "./keys.js";
import { authorization } from "./oidc.js";
import { find, findAll, make, setText } from "./page.js";
import { onSubmit, open, refuse } from "./staff-dialog.js";
import { itemField } from "./staff-item.js";
import { store } from "./staff-store.js";
import { described, until, words } from "./staff-text.js";

const dialog = find("#hold-dialog");
const form = find("#hold-form");
const item = find("#hold-item");
const lines = find("#hold-lines");
const name = find("#hold-name");
const phone = find("#hold-phone");

/** A SKU that is scanned again is one more piece of it. */
function add(chosen) {
  const there = find(`[data-sku="${CSS.escape(chosen.sku)}"] input`, lines);
  if (there) there.value = Number(there.value) + 1;
  else {
    const count = make("input", { type: "number", min: "1", max: "100", value: "1", "aria-label": words.quantity });
    const remove = make("button", { type: "button", class: "plain", "aria-label": words.remove }, "×");
    const row = make("li", { "data-sku": chosen.sku }, count, make("span", {}, described(chosen)), remove);
    remove.addEventListener("click", () => {
      row.remove();
      item.focus();
    });
    lines.append(row);
  }
  item.focus();
}

const wanted = () =>
  findAll("[data-sku]", lines).map((row) => ({ sku: row.dataset.sku, quantity: Number(find("input", row).value) }));

/** Opens an empty form. */
export function newHold() {
  form.reset();
  lines.replaceChildren();
  find("#hold-items").replaceChildren();
  open(dialog);
  item.focus();
}

/** Wires the form; `placed` is told the token of what was placed, `printed` which hold to print. */
export function wireHold({ placed, printed }) {
  itemField(item, find("#hold-items"), { chosen: add, empty: () => name.focus() });
  onSubmit(form, async () => {
    const chosen = wanted();
    if (!chosen.length) return refuse(form, words.no_lines, item);
    if (!name.value.trim()) return refuse(form, `${words.name}: ${words.check}`, name);
    const reached = phoneOf(phone.value);
    if (!reached) return refuse(form, `${words.phone}: ${words.check}`, phone);
    const customer = { name: name.value.trim(), phone: reached };
    const body = { store_id: store().id, lines: chosen, customer };
    const key = keyOf("hold", body);
    const answer = await command("/v1/reservations", { key, body, authorization: authorization() });
    forgetKey("hold", body);
    dialog.close();
    setText(find("#placed-code"), answer.body.pickup_code);
    setText(find("#placed-until"), `${customer.name}  ${until(answer.body.expires_at, store().zone)}`);
    const print = find("#placed-print");
    print.onclick = () => printed(answer.body.reservation_id);
    open(find("#placed-dialog"));
    print.focus();
    placed(answer.token);
  });
}
