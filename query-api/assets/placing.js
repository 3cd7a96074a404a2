// Placing a hold: from the tap to the hold's own page.

import { command, Refused, Unreached } from "./api.js";
import { phoneOf } from "./contact.js";
import { clock, data, fill, find, findAll, link, make, setText } from "./page.js";
import { areFresh, renewTimes } from "./times.js";
import { forgetKey, isAnswered, KEPT_FOR, keyOf, tellAnswered } from "./keys.js";

const KEY = "hold";
const words = data.hold;

/** What a person typed in as their contact: mail where there is an @, otherwise a telephone number. */
function contactOf(text) {
  const contact = text.trim().normalize("NFKC");
  if (contact.includes("@")) return /^[^@\s]+@[^@\s]+$/.test(contact) ? { email: contact } : null;
  const phone = phoneOf(contact);
  return phone && { phone };
}

function showWrong(field, text) {
  const message = find(`#${field.id}-wrong`);
  message.hidden = text === null;
  setText(message, text ?? "");
  if (text === null) field.removeAttribute("aria-invalid");
  else field.setAttribute("aria-invalid", "true");
}

/** Gives the buttons of the stores their meaning; `page` knows what is chosen and how much of it is where. */
export function offerHolds(page) {
  const dialog = find("#hold");
  const form = find("form", dialog);
  const confirm = find("[data-confirm]", dialog);
  const refused = find("[data-refused]", dialog);
  const { name, contact, quantity } = form.elements;
  let store = null;

  const most = () => page.countOf(store.store_id, page.chosen())?.available ?? 0;

  /** Until when it is kept, as it is now: nothing, while that is asked or cannot be known. */
  async function tellPromise() {
    const promise = find("[data-promise]", dialog);
    const of = store;
    if (!areFresh()) setText(promise, "\u00a0");
    await renewTimes().catch(() => {});
    if (of !== store) return;
    const time = areFresh() && of.keeps_until ? clock(of.keeps_until, of.time_zone) : null;
    setText(promise, time ? fill(words.promise, { store: of.name, time }) : words.promise_later);
  }

  function open(storeId) {
    store = data.stores.find((one) => one.store_id === storeId);
    const sku = page.names.get(page.chosen()).replaceAll(" ", "\u00a0");
    setText(find("[data-what]", dialog), `${data.name} ${sku}`);
    tellPromise();
    quantity.max = most();
    quantity.value = Math.max(1, Math.min(Number(quantity.value) || 1, most()));
    refused.hidden = true;
    [name, contact, quantity].forEach((field) => showWrong(field, null));
    if (!dialog.open) dialog.showModal();
  }

  function check() {
    const pieces = Number(quantity.value);
    const whole = Number.isInteger(pieces) && pieces >= 1 && pieces <= Math.max(most(), 1);
    const reached = contactOf(contact.value);
    showWrong(name, name.value.trim() ? null : words.name_missing);
    showWrong(contact, reached ? null : words.contact_wrong);
    showWrong(quantity, whole ? null : fill(words.quantity_wrong, { n: Math.max(most(), 1) }));
    find("[aria-invalid]", form)?.focus();
    if (!name.value.trim() || !reached || !whole) return null;
    return {
      store_id: store.store_id,
      lines: [{ sku: page.chosen(), quantity: pieces }],
      customer: { name: name.value.trim(), ...reached },
    };
  }

  /** The stores, the nearest in front, that have as many. */
  function others(pieces) {
    const has = (one) => one.store_id !== store.store_id && page.countOf(one.store_id, page.chosen())?.available >= pieces;
    return data.stores.filter(has).slice(0, 3);
  }

  /** Tells something above the button, with what can be done instead: `[text, work]` each. */
  function say(look, texts, choices = []) {
    const buttons = choices.map(([text, work]) => {
      const button = make("button", { type: "button", class: "quiet block" }, text);
      button.addEventListener("click", work);
      return make("li", {}, button);
    });
    refused.className = look;
    refused.replaceChildren(...texts.map((text) => make("p", {}, text)));
    if (buttons.length > 0) refused.append(make("ul", {}, ...buttons));
    refused.hidden = false;
    refused.scrollIntoView({ block: "nearest" });
  }

  function tellRefused(text, next) {
    const choices = (next ?? []).map((one) => [fill(words.place_at, { store: one.name }), () => open(one.store_id)]);
    const more = next && (next.length > 0 ? words.next_stores : words.no_next);
    say("refused", more ? [text, more] : [text], choices);
  }

  /** Whoever comes back to what is held already wants to see it, or another one like it: that nobody can know. */
  function askAgain(body) {
    const another = () => {
      forgetKey(KEY, body);
      send(body);
    };
    say("asked", [words.again], [[words.again_show, () => send(body)], [words.again_more, another]]);
  }

  function tell(error, body) {
    if (error instanceof Unreached) return tellRefused(words.lost);
    if (!(error instanceof Refused)) throw error;
    const pieces = body.lines[0].quantity;
    switch (error.code) {
      case "insufficient_stock":
      case "unknown_stock": {
        const left = error.problem.shortages?.[0]?.available ?? 0;
        return tellRefused(left > 0 ? fill(words.sold_out_few, { n: left }) : words.sold_out, others(pieces));
      }
      case "holds_not_accepted":
        return tellRefused(words.no_holds_now, others(pieces));
      case "hold_too_large":
        return tellRefused(fill(words.too_many, error.problem));
      case "customer_limit":
        return tellRefused(fill(words.limit, error.problem));
      default:
        return tellRefused(error.isFinal ? words.not_taken : words.busy);
    }
  }

  const isBusy = () => confirm.getAttribute("aria-busy") === "true";

  function rest() {
    confirm.removeAttribute("aria-busy");
    setText(confirm, words.confirm);
  }

  function place(event) {
    event.preventDefault();
    const body = isBusy() ? null : check();
    if (!body) return;
    if (isAnswered(KEY, body)) askAgain(body);
    else send(body);
  }

  /** What was answered before is answered again, with the hold that is there. */
  async function send(body) {
    if (isBusy()) return;
    confirm.setAttribute("aria-busy", "true");
    setText(confirm, words.placing);
    refused.hidden = true;
    try {
      const { body: hold, token } = await command("/v1/reservations", { key: keyOf(KEY, body, KEPT_FOR), body });
      tellAnswered(KEY, body);
      keep(hold, token, store.time_zone);
      location.assign(`${link(`/holds/${hold.reservation_id}`)}#${hold.capability ?? ""}`);
    } catch (error) {
      rest();
      // What was refused was not carried out, and what changes is another command. A lost answer keeps its key.
      if (error.isFinal) forgetKey(KEY, body);
      tell(error, body);
    }
  }

  for (const button of findAll("[data-hold]")) {
    button.addEventListener("click", () => open(button.closest("[data-store]").dataset.store));
  }
  find("[data-close]", dialog).addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  form.addEventListener("submit", place);
  // What was asked is about what was typed in before.
  form.addEventListener("input", () => (refused.hidden ||= refused.className === "asked"));
  // Until the page is left: a second tap would still be under way for whoever comes back, and lead them away again.
  addEventListener("pageshow", rest);
}

/** Lets the hold's page show it before the projection has it; nothing of the customer is in it. */
function keep(hold, token, time_zone) {
  const { capability, ...shown } = hold;
  try {
    sessionStorage.setItem(`placed:${hold.reservation_id}`, JSON.stringify({ hold: shown, token, time_zone }));
  } catch {
    // Then that page waits for the projection.
  }
}
