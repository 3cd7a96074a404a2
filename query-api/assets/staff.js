// The day's screen for staff.

import { lookup, Unreached } from "./api.js";
import { keepFresh } from "./fresh.js";
import { authorization, canSignIn, forget, isSignedOut, session, signIn, signOut } from "./oidc.js";
import { data, fill, find, findAll, link, setText } from "./page.js";
import { normal, SOON } from "./staff-card.js";
import { adjustCount, wireCount } from "./staff-count.js";
import { open } from "./staff-dialog.js";
import { look, lookAgain, stopLooking } from "./staff-find.js";
import { newHold, wireHold } from "./staff-hold.js";
import { wireKeys } from "./staff-keys.js";
import { goTo, showDue, showHolds, showShortfalls } from "./staff-list.js";
import { advance, cancel, wireMoves } from "./staff-move.js";
import { ring } from "./staff-sound.js";
import { offerStores, store } from "./staff-store.js";
import { atTime, problem, words } from "./staff-text.js";
import { notice, toast } from "./toast.js";

/** Most holds of a list that are shown: a page of the API. */
const MOST = 100;
/** Most pages that are read of what is to be fetched, for those that are new: more than a store has in hand. */
const PAGES = 10;
/** Pause between two looks while the window is behind another, in milliseconds: the sound is for whoever does not look. */
const UNSEEN = 20000;
/** Pause before the stores are asked for again, in milliseconds. */
const ENTER_AGAIN = 5000;

let lists = {};
let known = null;
/** Where the list of what is to be fetched was cut short: the date up to which all of it had been placed. */
let cutAt = null;
let token = null;
let fresh = null;

function signedOut(why, can = canSignIn()) {
  find("#day").hidden = true;
  find("#store").hidden = true;
  find("#sign-out").hidden = session() === null;
  find("#signed-out").hidden = false;
  setText(find("#why"), why);
  const button = find("#sign-in");
  button.hidden = !can;
  button.focus();
}

function over() {
  forget();
  fresh?.stop();
  findAll("dialog[open]").forEach((dialog) => dialog.close());
  // Whose holds they are, nobody who comes by then needs to know.
  stopLooking();
  findAll("#day .holds").forEach((list) => list.replaceChildren());
  signedOut(words.session_over);
}

/** The first pages of a list, each if it has changed since it was read last. */
async function list(name, path, most = 1) {
  const [here, id, sent] = [lists, store().id, token];
  const pages = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ limit: MOST, ...(cursor && { cursor }) });
    const had = here[name]?.[pages.length];
    const etag = had?.cursor === cursor ? had.etag : null;
    const asked = { authorization: authorization(), etag, token: sent };
    const answer = await lookup(`/v1/stores/${id}/${path}${path.includes("?") ? "&" : "?"}${query}`, asked);
    pages.push(answer.changed ? { cursor, body: answer.body, etag: answer.etag } : had);
    cursor = pages.at(-1).body.next_cursor;
  } while (cursor !== null && pages.length < most);
  here[name] = pages;
}

async function read() {
  const here = lists;
  const sent = token;
  await Promise.all([
    list("held", "pick-list", PAGES),
    list("ready", "reservations?status=ready"),
    list("shortfalls", "shortfalls"),
    lookAgain(token),
  ]);
  // Another store was chosen while this one's lists were on their way.
  if (lists !== here) return;
  if (token === sent) token = null;
  show();
}

function show() {
  const zone = store().zone;
  const [{ body: ready }] = lists.ready;
  const [{ body: shortfalls }] = lists.shortfalls;
  const pages = lists.held.map(({ body }) => body);
  const [held] = pages;
  const toFetch = held.holds.map(normal);
  const prepared = ready.reservations.map(normal);
  const all = new Map([...toFetch, ...prepared].map((hold) => [hold.reservation_id, hold]));
  showHolds("held", toFetch, held.next_cursor !== null, zone);
  showHolds("ready", prepared, ready.next_cursor !== null, zone);
  const soon = [...all.values()].filter((hold) => new Date(hold.expires_at) - Date.now() < SOON);
  showDue(soon.sort((one, other) => one.expires_at.localeCompare(other.expires_at)), zone);
  showShortfalls(shortfalls.shortfalls, shortfalls.next_cursor !== null, all, zone);
  const isNew = (hold) => !known.has(hold.reservation_id) && !(cutAt && new Date(hold.placed_at) <= cutAt);
  const waiting = pages.flatMap((page) => page.holds);
  if (known && waiting.some(isNew)) ring();
  known = new Set([...waiting, ...prepared].map((hold) => hold.reservation_id));
  // What moves up into the part that is read has waited there for long.
  cutAt = pages.at(-1).next_cursor !== null && held.as_of ? new Date(held.as_of) : null;
  const late = held.stale === true;
  notice("offline", null);
  notice("problem", null);
  notice("stale", late ? fill(words.stale, { time: held.as_of ? atTime(held.as_of, zone) : "–" }) : null);
}

function failed(error) {
  if (isSignedOut(error)) return;
  // What was written comes later than anybody waits for; until then there is what is here.
  if (error.code === "projection_behind") token = null;
  // Nor are places in a list kept for ever: it is read from its beginning.
  if (error.code === "invalid_query") lists = {};
  const as_of = lists.held?.[0].body.as_of;
  const time = as_of ? atTime(as_of, store().zone) : "–";
  if (error instanceof Unreached) notice("offline", fill(words.offline, { time }));
  else if (error.status >= 500) notice("stale", fill(words.stale, { time }));
  else notice("problem", problem(error));
}

/** After a command: what it changed has to be in the next answer. */
function changed(written) {
  token = written;
  fresh.now().then(() => token && fresh.now());
}

function print(id) {
  window.open(link(`/staff/slip?hold=${encodeURIComponent(id)}`));
}

function wire() {
  document.addEventListener("signed-out", over);
  wireHold({ placed: changed, printed: print });
  wireCount({ adjusted: changed });
  wireMoves(changed);
  const help = () => open(find("#help-dialog"));
  const act = (card, work) => card && work(card);
  wireKeys(
    {
      "/": () => find("#find").focus(),
      n: newHold,
      a: adjustCount,
      "?": help,
      r: (card) => act(card, () => advance(card, "ready")),
      c: (card) => act(card, () => advance(card, "collect")),
      e: (card) => act(card, () => advance(card, "extend")),
      x: (card) => act(card, cancel),
      p: (card) => act(card, () => print(card.dataset.id)),
      Escape: stopLooking,
    },
    look,
  );
  find("#new").addEventListener("click", newHold);
  find("#adjust").addEventListener("click", adjustCount);
  find("#help").addEventListener("click", help);
  find("#placed-dialog").addEventListener("keydown", (event) => event.key === "p" && find("#placed-print").click());
  find("#day").addEventListener("click", (event) => {
    const id = event.target.closest("[data-show]")?.dataset.show;
    if (id) goTo(id);
  });
}

/** From who is signed in to their store. */
async function enter() {
  const who = session();
  if (!who) return signedOut(canSignIn() ? words.sign_in_why : words.sign_in_off);
  if (!who.roles.some((role) => role === "staff" || role === "manager")) return signedOut(words.not_staff);
  signedOut(data.common.loading, false);
  const another = () => {
    [lists, known, cutAt, token] = [{}, null, null, null];
    stopLooking();
    if (fresh) fresh.now();
    else start();
  };
  if (!(await offerStores(another))) return signedOut(words.not_staff);
  if (store()) return start();
  signedOut(words.choose_store, false);
  find("#store").hidden = false;
  find("#store").focus();
}

/** Enters as soon as the stores are known. */
function tryToEnter() {
  enter().catch((error) => {
    if (isSignedOut(error)) return;
    setText(find("#why"), problem(error));
    setTimeout(tryToEnter, ENTER_AGAIN);
  });
}

function start() {
  find("#signed-out").hidden = true;
  find("#store").hidden = false;
  find("#day").hidden = false;
  wire();
  fresh = keepFresh(read, { unseen: UNSEEN, failed });
}

find("#sign-in").addEventListener("click", () => {
  signIn(location.pathname + location.search).catch(() => toast(words.signed_in_failed, "bad"));
});
find("#sign-out").addEventListener("click", signOut);
tryToEnter();
