// Short messages at the upper edge, where no button is, which screen readers tell.

import { data, find, make } from "./page.js";

/** How long a message stays, in milliseconds: two lines are read in half of it. */
const STAYS = 8000;

/** Shows a message; `kind` is "good", "bad" or nothing. */
export function toast(text, kind = "") {
  const close = make("button", { type: "button", class: "plain", "aria-label": data.common.close }, "×");
  const box = make("div", { class: `toast ${kind}` }, make("p", {}, text), close);
  const timer = setTimeout(() => box.remove(), STAYS);
  close.addEventListener("click", () => {
    clearTimeout(timer);
    box.remove();
  });
  // One at a time: two would lie over the buttons below the head.
  find("#toasts").replaceChildren(box);
}

/** Keeps one notice of a kind at the top of the page, or takes it away where `text` is null. */
export function notice(kind, text) {
  const shown = find(`#notices > [data-kind="${kind}"]`);
  if (text === null) shown?.remove();
  else if (!shown) find("#notices").append(make("p", { class: "notice", "data-kind": kind }, text));
  else if (shown.textContent !== text) shown.textContent = text;
}
