// Moving a hold on, from the version that is on the screen: of two who act at once, the second sees what the first did.

import { command, lookup, Refused } from "./api.js";
import { forgetKey, keyOf } from "./keys.js";
import { authorization, isSignedOut } from "./oidc.js";
import { fill, find, make, setText } from "./page.js";
import { showMoved } from "./staff-card.js";
import { onSubmit, open } from "./staff-dialog.js";
import { isSettled, unsettle } from "./staff-list.js";
import { store } from "./staff-store.js";
import { happened, problem, status, words } from "./staff-text.js";
import { toast } from "./toast.js";

const dialog = find("#cancel-dialog");
const form = find("#cancel-form");
const RACED = ["version_mismatch", "invalid_transition", "reservation_expired"];
/** How often it is looked for what somebody else did, until the projection has it, and the pause between, in milliseconds. */
const LOOKS = 10;
const LOOK_AGAIN = 300;

let moved = () => {};
let cancelling = null;

async function send({ id, version, code }, action, body) {
  const path = `/v1/reservations/${id}/${action}`;
  const name = `${path}:${version}`;
  const key = keyOf(name, body);
  const answer = await command(path, { key, body, authorization: authorization(), ifMatch: `"${version}"` });
  forgetKey(name);
  showMoved(answer.body);
  toast(fill(words[`done_${action}`], { code }), "good");
  moved(answer.token);
}

/** How a hold is and how it came to be so, from this version on; as far as it is known, where the projection stands still. */
async function lookSince(id, version) {
  const asked = { authorization: authorization() };
  for (let looked = 1; ; looked += 1) {
    const { body: now } = await lookup(`/v1/reservations/${id}`, asked);
    if (now.version >= version || looked === LOOKS) {
      const { body: history } = await lookup(`/v1/reservations/${id}/history`, asked);
      return { now, events: history.events };
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
  }
}

/** Whether somebody else was faster; then what they did is shown. */
async function raced(error, { id, code }) {
  if (!(error instanceof Refused) || !RACED.includes(error.code)) return false;
  const { current_version, reservation_version } = error.problem;
  const needed = current_version ?? reservation_version ?? 0;
  const { now, events: all } = await lookSince(id, needed);
  const mine = error.code === "reservation_expired";
  setText(find("#raced-title"), mine ? problem(error) : words.raced_title);
  const known = now.version >= needed;
  setText(find("#raced-says"), known ? fill(words.raced, { code, status: status(now.status) }) : fill(words.raced_late, { code }));
  const events = all.map((event) => make("li", {}, happened(event, store().zone)));
  find("#raced-history").replaceChildren(...events);
  dialog.close();
  open(find("#raced-dialog"));
  moved(null);
  return true;
}

async function failed(error, hold) {
  if (isSignedOut(error)) return;
  const shown = await raced(error, hold).catch(() => false);
  if (!shown) toast(problem(error), "bad");
}

const seen = (card) => ({ id: card.dataset.id, version: card.dataset.version, code: card.dataset.code });

/** Makes ready, hands over or extends, at once. */
export async function advance(card, action) {
  const hold = seen(card);
  const button = find(`[data-action="${action}"]:enabled`, card);
  if (!button || button.getAttribute("aria-busy") || !isSettled(card)) return;
  button.setAttribute("aria-busy", "true");
  try {
    await send(hold, action);
    // It may be extended again, which whoever taps twice does not mean.
    if (action === "extend") unsettle(card);
  } catch (error) {
    await failed(error, hold);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Asks why, then cancels. */
export function cancel(card) {
  if (!find("[data-action=cancel]:enabled", card)) return;
  cancelling = seen(card);
  form.reset();
  setText(find("#cancel-title"), fill(words.cancel_title, { code: cancelling.code }));
  open(dialog);
  const first = find("input", form);
  first.checked = true;
  first.focus();
}

/** Wires the form; `told` is told the token of what was done. */
export function wireMoves(told) {
  moved = told;
  onSubmit(form, async () => {
    const hold = cancelling;
    try {
      await send(hold, "cancel", { reason: new FormData(form).get("reason") });
    } catch (error) {
      await failed(error, hold);
    }
    dialog.close();
  });
}
