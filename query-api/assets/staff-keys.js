// Keys. A scanner types like somebody very fast: what it types is a code to look for, and no command.

import { find } from "./page.js";
import { KEYS } from "./staff-card.js";
import { isOpen } from "./staff-dialog.js";
import { cards } from "./staff-list.js";

/** Nobody's fingers are faster than this, in milliseconds; most scanners are. */
const SCAN_GAP = 40;
/** Behind what is no key's letter, as codes begin, another letter is waited for so long: for scanners without a wire. */
const SLOW_SCAN_GAP = 250;

const typing = (element) => element.matches?.("input:not([type=checkbox]), select, textarea") ?? false;

function step(by) {
  const all = cards();
  const at = all.indexOf(document.activeElement?.closest?.(".hold"));
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(at + by, all.length - 1))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** Wires the keys: `keys` has what each does, told the card that has the focus; `scanned` is told a code. */
export function wireKeys(keys, scanned) {
  let buffer = "";
  let timer = 0;

  function settle() {
    const typed = buffer;
    buffer = "";
    if (typed.length === 1 && !isOpen()) keys[typed]?.(document.activeElement?.closest?.(".hold"));
  }

  document.addEventListener("keydown", (event) => {
    if (find("#day").hidden || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing(event.target)) return;
    const dialog = find("dialog[open]");
    if (dialog && find("input", dialog)) return;
    if (!dialog && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      return step(event.key === "ArrowDown" ? 1 : -1);
    }
    // A key that is held down is meant once, and its card is not there any more.
    if (event.repeat) return;
    if (event.key === "Enter" && buffer.length > 1) {
      event.preventDefault();
      clearTimeout(timer);
      // Over what only tells something the next code may be scanned already.
      dialog?.close();
      scanned(buffer);
      buffer = "";
    } else if (event.key === "Escape") dialog || keys.Escape?.();
    else if (event.key.length === 1 && event.key !== " ") {
      // It would stand in the field that it opens.
      if (event.key === "/" || event.key === "n" || event.key === "a") event.preventDefault();
      buffer += event.key;
      clearTimeout(timer);
      timer = setTimeout(settle, buffer in keys ? SCAN_GAP : SLOW_SCAN_GAP);
    }
  });
  find("#day").addEventListener("click", (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action;
    const key = KEYS[action];
    if (key) keys[key](event.target.closest(".hold"));
  });
}
