// A hold as a card with what can be done with it.

import { fill, make, setText } from "./page.js";
import { atTime, described, status, until, whose, words } from "./staff-text.js";

/** What can be done with a hold of a status, and by which key. */
const ACTIONS = { held: ["ready", "collect", "cancel"], ready: ["collect", "cancel"] };
const LABELS = { ready: "make_ready", collect: "collect", cancel: "cancel", slip: "slip" };
const KEYS = { ready: "r", collect: "c", cancel: "x", slip: "p" };
const LOOKS = { ready: "", collect: "", cancel: "danger", slip: "quiet" };
/** A hold that ends sooner is called due, in milliseconds. */
export const SOON = 2 * 60 * 60 * 1000;

/** Whatever of the holds is there under one form, whichever list told of it. */
export function normal(hold) {
  return { ...hold, lines: hold.lines ?? hold.pieces, status: hold.status ?? "held" };
}

function line(item) {
  const code = [item.sku.split(".")[1], item.gtin].filter(Boolean).join("・");
  const count = make("b", { class: "count number" }, fill(words.pieces, { n: item.quantity }));
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

/** What may change while a hold keeps its status. */
export function updateCard(card, hold, zone) {
  card.dataset.version = hold.version;
  card.dataset.status = hold.status;
  const left = new Date(hold.expires_at) - Date.now();
  const running = hold.status in ACTIONS;
  card.classList.toggle("soon", running && left < SOON);
  const badge = card.querySelector(".badge");
  setText(badge, running && left < 0 ? words.overdue : status(hold.status));
  badge.className = `badge ${running && left < 0 ? "bad" : hold.status === "ready" ? "good" : ""}`;
  const placed = fill(words.placed, { time: atTime(hold.placed_at, zone) });
  setText(card.querySelector(".due"), `${until(hold.expires_at, zone)}・${placed}`);
}
