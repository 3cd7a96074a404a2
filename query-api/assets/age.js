// How old what is shown is: says so where it is older than it should be, or nothing arrives any more.

import { clock, data, find, fill } from "./page.js";
import { notice } from "./toast.js";

let asOf = null;
let isStale = false;
let isReached = true;

// On the clock of the nearest store, as all other times of the page; where it names no store, on that of the device.
const time = () => clock(asOf ?? Date.now(), data.stores?.[0]?.time_zone, { hour: "2-digit", minute: "2-digit" });

function tellConnection() {
  notice("offline", navigator.onLine ? null : fill(data.common.offline, { time: time() }));
}

/** One notice, whether counts are late or cannot be had: they are as old. */
function tellLate() {
  const isLate = isStale || (!isReached && navigator.onLine);
  const late = asOf ? fill(data.common.stale, { time: time() }) : data.common.stale_unknown;
  notice("stale", isLate ? late : null);
}

/** Takes the date of an answer. */
export function tellAge(answer) {
  asOf = answer.as_of ?? asOf;
  isStale = answer.stale === true;
  find("[data-stale]")?.remove();
  tellLate();
}

/** Whether what is shown could be asked for anew; where it could not, it is as old as the last answer. */
export function tellReached(reached) {
  isReached = reached;
  tellLate();
}

addEventListener("online", tellConnection);
addEventListener("offline", tellConnection);
tellConnection();
