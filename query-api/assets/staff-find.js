// Finding a hold: a scanner types its code, a customer says a name or the end of a number.

import { lookup, Refused } from "./api.js";
import { authorization, isSignedOut } from "./oidc.js";
import { find, setText } from "./page.js";
import { normal } from "./staff-card.js";
import { showCards } from "./staff-list.js";
import { store } from "./staff-store.js";
import { problem, words } from "./staff-text.js";

const field = find("#find");
const section = find("#found");
let asked = "";

/** What somebody typed may be one or the other: each that it could be is looked for. */
function questions(text) {
  const plain = text.normalize("NFKC").trim();
  const digits = plain.replace(/[\s-]/g, "");
  const code = /^[0-9a-z\s-]{6,12}$/i.test(plain) ? [["pickup_code", plain]] : [];
  if (/^\d{4,15}$/.test(digits)) return [...code, ["phone_end", digits]];
  return [...code, ["name", plain]];
}

async function ask([name, value], token) {
  const query = new URLSearchParams({ [name]: value });
  const path = `/v1/stores/${store().id}/reservations/search?${query}`;
  try {
    return (await lookup(path, { authorization: authorization(), token })).body;
  } catch (error) {
    // It is no code at all, or no part of a name.
    if (error instanceof Refused && error.code === "invalid_query") return { reservations: [], complete: true };
    throw error;
  }
}

/** Looks again for what was looked for last, if that is still on the screen. */
export async function lookAgain(token) {
  if (section.hidden) return;
  const answers = await Promise.all(questions(asked).map((question) => ask(question, token)));
  const holds = new Map(answers.flatMap((answer) => answer.reservations).map((hold) => [hold.reservation_id, normal(hold)]));
  showCards(find("#found-list"), [...holds.values()], store().zone);
  const more = answers.some((answer) => answer.more) ? words.found_more : "";
  const part = answers.some((answer) => !answer.complete) ? words.found_part : "";
  setText(find("#found-says"), [holds.size ? "" : words.found_none, more, part].filter(Boolean).join(" "));
  return holds.size;
}

/** Looks for this text, and goes to what was found. */
export async function look(text) {
  asked = text.trim();
  if (!asked) return stopLooking();
  field.value = asked;
  section.hidden = false;
  try {
    await lookAgain();
    const first = find(".hold", section);
    if (first) first.focus();
    else field.select();
  } catch (error) {
    if (!isSignedOut(error)) setText(find("#found-says"), problem(error));
  }
}

/** Back to the day's lists. */
export function stopLooking() {
  asked = "";
  field.value = "";
  section.hidden = true;
  find("#found-list").replaceChildren();
}

find("#find-form").addEventListener("submit", (event) => {
  event.preventDefault();
  look(field.value);
});
field.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stopLooking();
});
