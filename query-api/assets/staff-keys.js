// Keys. A scanner types like somebody very fast: what it types is a code to look for, and no command.

import { find } from "./page.js";
import { isOpen } from "./staff-dialog.js";
import { cards } from "./staff-list.js";

/** Nobody's fingers are faster than this, in milliseconds; every scanner is. */
const SCAN_GAP = 40;

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
    if (typed.length === 1) keys[typed]?.(document.activeElement?.closest?.(".hold"));
  }

  document.addEventListener("keydown", (event) => {
    if (isOpen() || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing(event.target)) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      return step(event.key === "ArrowDown" ? 1 : -1);
    }
    if (event.key === "Enter" && buffer.length > 1) {
      event.preventDefault();
      clearTimeout(timer);
      scanned(buffer);
      buffer = "";
    } else if (event.key === "Escape") keys.Escape?.();
    else if (event.key.length === 1 && event.key !== " ") {
      // It would stand in the field that it opens.
      if (event.key === "/" || event.key === "n" || event.key === "a") event.preventDefault();
      buffer += event.key;
      clearTimeout(timer);
      timer = setTimeout(settle, SCAN_GAP);
    }
  });
  find("#day").addEventListener("click", (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action;
    const key = { ready: "r", collect: "c", cancel: "x", slip: "p" }[action];
    if (key) keys[key](event.target.closest(".hold"));
  });
}
