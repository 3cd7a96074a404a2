// Holds in the words of staff.

import { Unreached } from "./api.js";
import { clock, data, fill, lang } from "./page.js";

export const words = data.staff;

/** A name in the reader's language, or in the other. */
export const pick = (name) => (lang === "ja" ? (name?.ja ?? name?.en) : (name?.en ?? name?.ja)) ?? "";

/** What something looks like: its name, colour and size. */
export function described(item) {
  return [pick(item.name) || item.sku, pick(item.colour), item.size].filter(Boolean).join(" / ");
}

export const status = (name) => words[`status_${name}`] ?? name;
export const until = (time, zone) => fill(words.until, { time: clock(time, zone) });
export const atTime = (time, zone) => clock(time, zone, { hour: "2-digit", minute: "2-digit" });

/** A time of today alone, and of another day with its date. */
export function moment(time, zone) {
  const day = (of) => clock(of, zone, { year: "numeric", month: "numeric", day: "numeric" });
  return day(time) === day(Date.now()) ? atTime(time, zone) : clock(time, zone);
}

/** Whose a hold is. */
export function whose(customer) {
  if (!customer) return words.nameless;
  const end = customer.phone_end ? fill(words.phone_end, { end: customer.phone_end }) : "";
  return [customer.name, end].filter(Boolean).join("  ");
}

/** What went wrong and what to do next. */
export function problem(error) {
  if (error instanceof Unreached) return data.common.failed;
  const told = error.problem ?? {};
  if (error.code === "hold_too_large" && told.sku) return fill(words.too_many_of_one, { ...told, sku: told.sku.split(".")[1] });
  return fill(data.problems[error.code] ?? data.problems.other, told);
}

const EVENTS = {
  ReservationHeld: "event_held",
  ReservationMadeReady: "event_ready",
  ReservationCollected: "event_collected",
  ReservationCancelled: "event_cancelled",
  ReservationExpired: "event_expired",
  ReservationExtended: "event_extended",
};

/** One line of a hold's history. */
export function happened(event, zone) {
  const anonymous = { guest: words.by_customer, customer: words.by_customer, system: words.by_system };
  const who = anonymous[event.actor] ?? event.actor_id ?? event.actor;
  const what = words[EVENTS[event.event] ?? "event_other"];
  return [moment(event.occurred_at, zone), who, what, event.reason].filter(Boolean).join("  ");
}
