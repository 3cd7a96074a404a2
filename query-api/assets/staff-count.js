// Adjusting a count, with a reason.

import { command } from "./api.js";
import { forgetKey, keyOf } from "./keys.js";
import { authorization } from "./oidc.js";
import { fill, find, setText } from "./page.js";
import { onSubmit, open, refuse } from "./staff-dialog.js";
import { itemField } from "./staff-item.js";
import { store } from "./staff-store.js";
import { described, words } from "./staff-text.js";
import { toast } from "./toast.js";

const dialog = find("#count-dialog");
const form = find("#count-form");
const item = find("#count-item");
const delta = find("#count-delta");
const reason = find("#count-reason");
let sku = null;

function choose(chosen) {
  sku = chosen?.sku ?? null;
  setText(find("#count-chosen"), chosen ? described(chosen) : "");
  if (chosen) delta.focus();
}

/** Opens an empty form. */
export function adjustCount() {
  form.reset();
  find("#count-items").replaceChildren();
  choose(null);
  open(dialog);
  item.focus();
}

/** Wires the form; `adjusted` is told the token of what was done. */
export function wireCount({ adjusted }) {
  itemField(item, find("#count-items"), { chosen: choose, empty: () => delta.focus() });
  onSubmit(form, async () => {
    const by = Number(delta.value.normalize("NFKC"));
    if (!sku) return refuse(form, words.no_lines, item);
    if (!Number.isInteger(by) || by === 0) return refuse(form, `${words.delta}: ${words.check}`, delta);
    if (!reason.value.trim()) return refuse(form, `${words.reason}: ${words.check}`, reason);
    const path = `/v1/stores/${store().id}/stock/${sku}/adjustments`;
    const body = { delta: by, reason: reason.value.trim() };
    const answer = await command(path, { key: keyOf(path, body), body, authorization: authorization() });
    forgetKey(path, body);
    dialog.close();
    toast(fill(words.done_adjust, { n: answer.body.on_hand }), "good");
    adjusted(answer.token);
  });
}
