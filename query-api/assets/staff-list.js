// Lists that are refreshed under the hands of those who work with them: what is there stays where it is, and so does the
// focus.

import { fill, find, findAll, make, setText } from "./page.js";
import { makeCard, updateCard } from "./staff-card.js";
import { described, until, whose, words } from "./staff-text.js";

/** So long a hold that came to the place of another takes no tap, in milliseconds: it would be the second on the other. */
const SETTLES = 600;

const shifted = new WeakMap();

/** Whether the hold was at its place when whoever taps it saw it there. */
export const isSettled = (card) => Date.now() - (shifted.get(card) ?? 0) > SETTLES;

/** From now on a tap on it would be the second on what is done. */
export const unsettle = (card) => shifted.set(card, Date.now());

/** Puts the children in this order, making those that are new and taking away those that are gone. */
function reconcile(list, rows, key, create, update) {
  const had = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const places = new Map([...list.children].map((child, n) => [child, n]));
  const focused = document.activeElement?.closest?.("li[data-key]");
  const place = focused ? [...list.children].indexOf(focused) : -1;
  const wanted = new Set(rows.map(key));
  const gone = new Set([...had].filter(([name]) => !wanted.has(name)).map(([, child]) => child.dataset.id));
  // Before anything is put in order: what stays where it is keeps the focus, what is moved does not.
  had.forEach((child, name) => wanted.has(name) || child.remove());
  let before = list.firstElementChild;
  for (const row of rows) {
    const child = had.get(key(row)) ?? create(row);
    if (child.dataset.key) update(child, row);
    child.dataset.key = key(row);
    if (child === before) before = before.nextElementSibling;
    else list.insertBefore(child, before);
  }
  [...list.children].forEach((child, n) => {
    const isOther = places.has(child) ? places.get(child) !== n : child.dataset.id && gone.has(child.dataset.id);
    if (isOther) unsettle(child);
  });
  list.removeAttribute("aria-busy");
  // The one that was worked on is gone: the next one is at its place. Where somebody else moved it on, the key that is about
  // to be pressed was meant for no other.
  if (place >= 0 && !focused.isConnected) {
    const taken = focused.matches(".hold") && focused.dataset.key.endsWith(`:${focused.dataset.status}`);
    const next = taken ? null : list.children[Math.min(place, list.children.length - 1)];
    (next ?? find("h2", list.closest("section")))?.focus();
  }
}

function tell(name, count, more) {
  setText(find(`#${name}-count`), String(count) + (more ? "+" : ""));
  find(`#${name}-none`).hidden = count > 0;
  const shown = find(`#${name}-more`);
  shown.hidden = !more;
  setText(shown, more ? fill(words.first_shown, { n: count }) : "");
}

/** Cards of holds. A hold that has another status has another card: other things can be done with it. */
export function showCards(list, holds, zone) {
  const key = (hold) => `${hold.reservation_id}:${hold.status}`;
  reconcile(list, holds, key, (hold) => makeCard(hold, zone), (card, hold) => updateCard(card, hold, zone));
}

/** A list of holds with its count. */
export function showHolds(name, holds, more, zone) {
  showCards(find(`#${name}-list`), holds, zone);
  tell(name, holds.length, more);
}

/** Holds as links to their cards: what is due, and what is at risk. */
function links(list, holds, zone) {
  const create = (hold) => {
    const link = make("button", { type: "button", class: "plain link", "data-show": hold.reservation_id });
    return fillIn(make("li", {}, link), hold);
  };
  const fillIn = (item, hold) => {
    const due = hold.expires_at ? until(hold.expires_at, zone) : "";
    setText(item.firstElementChild, [hold.pickup_code, whose(hold.customer), due].filter(Boolean).join("  "));
    return item;
  };
  reconcile(list, holds, (hold) => hold.reservation_id, create, fillIn);
}

export function showDue(holds, zone) {
  links(find("#due-list"), holds, zone);
  tell("due", holds.length, false);
}

/** Shortfalls, with the holds at risk as far as they are in one of the lists. */
export function showShortfalls(shortfalls, more, known, zone) {
  const item = (sku) => [...known.values()].flatMap((hold) => hold.lines).find((line) => line.sku === sku) ?? { sku };
  const update = (row, shortfall) => {
    const { missing: n, on_hand, held } = shortfall;
    setText(row.children[0], described(item(shortfall.sku)));
    setText(row.children[1], shortfall.sku.split(".")[1]);
    setText(row.children[2], fill(words.missing, { n, on_hand, held }));
    const at_risk = shortfall.at_risk.map((hold) => ({ ...hold, ...known.get(hold.reservation_id) }));
    links(row.children[4], at_risk, zone);
  };
  const create = (shortfall) => {
    const text = (tag, look) => make(tag, { class: look });
    const risk = make("p", { class: "small soft" }, words.at_risk);
    const row = make("li", { class: "shortfall" }, text("b"), text("span", "small soft number"), text("p", "bad"), risk, make("ul"));
    update(row, shortfall);
    return row;
  };
  reconcile(find("#shortfalls-list"), shortfalls, (shortfall) => shortfall.sku, create, update);
  tell("shortfalls", shortfalls.length, more);
}

/** Goes to a hold's card, if it is on the screen. */
export function goTo(id) {
  const card = find(`.hold[data-id="${CSS.escape(id)}"]`);
  card?.focus();
  card?.scrollIntoView({ block: "nearest" });
}

/** The cards in the order in which the arrows go through them. */
export const cards = () => findAll(".hold");
