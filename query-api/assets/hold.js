// A hold's own page: whoever has its link sees how it stands, and may cancel it or have it kept longer.

import { command, lookup, Refused, Unreached } from "./api.js";
import { clock, data, fill, find, findAll, setText } from "./page.js";
import { keepFresh } from "./fresh.js";
import { forgetKey, keyOf } from "./keys.js";
import { showLines, showStore } from "./held.js";
import { notice, toast } from "./toast.js";

const words = data.hold;
const id = data.reservation_id;
const path = `/v1/reservations/${id}`;
const running = (hold) => hold.status === "held" || hold.status === "ready";

let authorization = null;
let shown = null;
let zone = undefined;
let lines = null;
let store = null;
let etag = null;
let token = null;
let fresh = null;
let seenAt = Date.now();
let isLate = false;

function read(slot) {
  try {
    return JSON.parse(sessionStorage.getItem(slot));
  } catch {
    return null;
  }
}

function tellMissing() {
  find("[data-loading]").hidden = true;
  find("[data-there]").hidden = true;
  find("[data-missing]").hidden = false;
}

function tellTime() {
  if (!shown) return;
  const minutes = Math.floor((new Date(shown.expires_at) - Date.now()) / 60000);
  const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60), minutes];
  let left = words.left_none;
  if (d >= 1) left = fill(words.left_days, { d, h: h - d * 24 });
  else if (h >= 1) left = fill(words.left_hours, { h, m: m - h * 60 });
  else if (m >= 1) left = fill(words.left_minutes, { m });
  setText(find("[data-left]"), running(shown) ? left : "");
  // On no other clock than the store's: the browser's may be a day off.
  setText(find("[data-until]"), zone ? clock(shown.expires_at, zone) : "");
}

/** What is held and where never changes; what could not be asked is asked again with the next look. */
async function tellPlace() {
  lines ??= showLines(shown.lines).catch(() => (lines = null));
  store ??= showStore(shown.store_id).then(
    (timeZone) => (zone = timeZone),
    () => (store = null),
  );
  await Promise.all([lines, store]);
  tellTime();
}

async function show(hold) {
  if (shown && hold.version < shown.version) return;
  shown = hold;
  find("[data-loading]").hidden = true;
  find("[data-missing]").hidden = true;
  find("[data-there]").hidden = false;
  const status = find("[data-status]");
  status.className = `status ${hold.status}`;
  setText(find("[data-status-text]"), words[hold.status]);
  setText(find("[data-status-more]"), words[`${hold.status}_more`]);
  // What is over is no answer to the same wish again.
  if (!running(hold)) forgetKey("hold");
  find("[data-code]").hidden = !running(hold);
  find("[data-actions]").hidden = !running(hold);
  find("[data-over]").hidden = running(hold);
  find("[data-deadline]").hidden = !running(hold);
  find("[data-extend]").hidden = hold.extensions >= data.max_extensions;
  tellTime();
  await tellPlace();
}

/** Asks how it stands. What a command changed is waited for. */
async function look() {
  const needed = token;
  try {
    const answer = await lookup(path, { authorization, etag, token: needed });
    etag = answer.etag;
    if (token === needed) token = null;
    seenAt = Date.now();
    notice("offline", null);
    if (answer.changed) isLate = answer.body.stale === true;
    notice("stale", isLate ? words.late : null);
    if (!answer.changed) {
      await tellPlace();
      return true;
    }
    await show(answer.body);
    return running(answer.body);
  } catch (error) {
    // It is looked for again, ever more seldom: what was placed a moment ago may not be in the projection yet.
    if (error instanceof Refused && [400, 401, 403, 404].includes(error.status) && !shown) tellMissing();
    throw error;
  }
}

function tellFailed(error) {
  const time = clock(seenAt, zone, { hour: "2-digit", minute: "2-digit" });
  const isAway = [429, 503].includes(error.status) && error.code !== "projection_behind";
  if (!(error instanceof Unreached) && !isAway) return;
  // It says as well how old it is.
  notice("stale", null);
  notice("offline", fill(isAway ? words.unreached : data.common.offline, { time }));
}

async function act(button, name) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  const form = { name, version: shown.version };
  try {
    const answer = await command(`${path}/${name}`, { key: keyOf(`${name}:${id}`, form), authorization });
    token = answer.token;
    await show(answer.body);
    const time = clock(answer.body.expires_at, zone);
    toast(name === "cancel" ? words.cancel_done : fill(words.extended, { time }), "good");
  } catch (error) {
    if (error instanceof Unreached) toast(data.common.failed, "bad");
    else if (error.code === "extension_limit") {
      find("[data-extend]").hidden = true;
      toast(words.extend_limit, "bad");
    } else if (error.isFinal) {
      forgetKey(`${name}:${id}`, form);
      toast(words.changed);
    } else toast(data.common.unavailable, "bad");
  } finally {
    button.removeAttribute("aria-busy");
  }
  fresh.now();
}

function offerActions() {
  const dialog = find("#cancel");
  find("[data-cancel]").addEventListener("click", () => dialog.showModal());
  find("[data-cancel-no]").addEventListener("click", () => dialog.close());
  find("[data-cancel-yes]").addEventListener("click", () => {
    dialog.close();
    act(find("[data-cancel]"), "cancel");
  });
  find("[data-extend]").addEventListener("click", (event) => act(event.currentTarget, "extend"));
  const copy = find("[data-copy]");
  setText(copy, navigator.share ? words.share : words.copy);
  copy.addEventListener("click", async () => {
    try {
      if (navigator.share) await navigator.share({ title: words.page_title, url: location.href });
      else {
        await navigator.clipboard.writeText(location.href);
        toast(words.copied, "good");
      }
    } catch {
      // Whoever closes what was offered wants nothing.
    }
  });
}

const secret = location.hash.slice(1);
const placed = read(`placed:${id}`);
if (!/^[\w-]{43}$/.test(secret)) {
  tellMissing();
} else {
  authorization = `Capability ${secret}`;
  // The page in another language is about the same hold.
  for (const other of findAll(".languages a")) other.hash = secret;
  if (placed?.hold?.reservation_id === id) {
    token = placed.token;
    zone = placed.time_zone;
    show(placed.hold);
  }
  offerActions();
  fresh = keepFresh(look, { failed: tellFailed });
  setInterval(tellTime, 10000);
}
addEventListener("hashchange", () => location.reload());
