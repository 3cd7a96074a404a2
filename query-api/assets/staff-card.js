// A hold as a card with what can be done with it.

import { fill, find, findAll, make, setText } from "./page.js";
import { described, moment, status, until, whose, words } from "./staff-text.js";

/** What can be done with a hold of a status, and by which key. */
const ACTIONS = { held: ["ready", "collect", "extend", "cancel"], ready: ["collect", "extend", "cancel"] };
const LABELS = { ready: "make_ready", collect: "collect", extend: "extend", cancel: "cancel", slip: "slip" };
export const KEYS = { ready: "r", collect: "c", extend: "e", cancel: "x", slip: "p" };
const LOOKS = { ready: "", collect: "", extend: "quiet", cancel: "danger", slip: "quiet" };
/** A hold that ends sooner is called due, in milliseconds. */
export const SOON = 2 * 60 * 60 * 1000;

/** Whatever of the holds is there under one form, whichever list told of it. */
export function normal(hold) {
  return { ...hold, lines: hold.lines ?? hold.pieces, status: hold.status ?? "held" };
}

function line(item) {
  const code = [item.sku.split(".")[1], item.gtin].filter(Boolean).join("・");
  const count = make("b", { class: "count pieces number" }, fill(words.pieces, { n: item.quantity }));
  return make("li", {}, count, " ", described(item), make("span", { class: "small soft number" }, code));
}

/** The card of a hold; `main` stands first among its buttons. */
export function makeCard(hold, zone) {
  const button = (action, first) => {
    const look = first ? "" : LOOKS[action] || "quiet";
    const key = make("kbd", { "aria-hidden": "true" }, KEYS[action]);
    const attributes = { type: "button", class: look, "data-action": action, "aria-keyshortcuts": KEYS[action] };
    return make("button", attributes, words[LABELS[action]], key);
  };
  const actions = (ACTIONS[hold.status] ?? []).map((action, n) => button(action, n === 0));
  const slip = ACTIONS[hold.status] ? [button("slip", false)] : [];
  const card = make(
    "li",
    { class: "hold", tabindex: "-1", "data-id": hold.reservation_id, "data-code": hold.pickup_code },
    make("p", { class: "row" }, make("b", { class: "pickup number" }, hold.pickup_code), make("span", { class: "badge" })),
    make("p", { class: "customer" }, whose(hold.customer)),
    make("ul", { class: "lines" }, ...hold.lines.map(line)),
    make("p", { class: "due small number" }),
    make("p", { class: "row actions" }, ...actions, ...slip),
  );
  updateCard(card, hold, zone);
  return card;
}

/** What may change while a hold keeps its status. A list that was read before the hold was moved on here is late. */
export function updateCard(card, hold, zone) {
  if (Number(card.dataset.version) > hold.version) return;
  const left = new Date(hold.expires_at) - Date.now();
  showStatus(card, hold, left);
  card.classList.toggle("soon", hold.status in ACTIONS && left < SOON);
  const placed = fill(words.placed, { time: moment(hold.placed_at, zone) });
  setText(find(".due", card), `${until(hold.expires_at, zone)}・${placed}`);
  const extend = find("[data-action=extend]", card);
  if (extend) extend.hidden = extend.disabled = hold.extensions >= hold.max_extensions;
}

function showStatus(card, { status: name, version }, left) {
  card.dataset.version = version;
  card.dataset.status = name;
  const late = name in ACTIONS && left < 0;
  const badge = find(".badge", card);
  setText(badge, late ? words.overdue : status(name));
  badge.className = `badge ${late ? "bad" : name === "ready" ? "good" : ""}`;
}

/**
 * Shows at once, wherever the hold is shown, what was done with it here: nobody is offered the same until the lists have it. What
 * cannot be done any more stays at its place, so that a second tap does not meet something else there.
 */
export function showMoved(hold) {
  const left = new Date(hold.expires_at) - Date.now();
  const still = ACTIONS[hold.status] ? [...ACTIONS[hold.status], "slip"] : [];
  for (const card of findAll(`.hold[data-id="${CSS.escape(hold.reservation_id)}"]`)) {
    const focused = card.contains(document.activeElement);
    showStatus(card, hold, left);
    for (const button of findAll("[data-action]", card)) button.disabled ||= !still.includes(button.dataset.action);
    if (focused && document.activeElement.disabled) card.focus();
  }
}
