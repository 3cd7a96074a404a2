// Keys of commands: what is sent twice, by a double tap, a lost answer or the back button, is carried out once.

/** For how long the same thing again is taken for the same command, in milliseconds. */
const SAME_FOR = 600000;
/** For how long it is where somebody may come back to it by the back button: as long as the command API keeps keys. */
export const KEPT_FOR = 7 * 24 * 3600000;

/** A short sum of a text. What it was made from, a name or a telephone number, is not kept. */
function sum(text) {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (const letter of text) {
    const code = letter.codePointAt(0);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  return `${(high >>> 0).toString(36)}${(low >>> 0).toString(36)}`;
}

function fresh() {
  // Not there where a page is not secure, as on a development machine seen from a phone.
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const slotOf = (name, body) => `key:${name}:${sum(JSON.stringify(body))}`;

/** What is kept in a slot as long as it counts. */
function kept(slot) {
  const there = JSON.parse(sessionStorage.getItem(slot));
  return there && Date.now() < there.until ? there : null;
}

/** The key of the command `name` with this body: the same as long as both are. */
export function keyOf(name, body = null, sameFor = SAME_FOR) {
  const slot = slotOf(name, body);
  try {
    const there = kept(slot);
    if (there) return there.key;
    const key = fresh();
    sessionStorage.setItem(slot, JSON.stringify({ key, until: Date.now() + sameFor }));
    return key;
  } catch {
    // Without storage the caller has to hold on to the key while it repeats.
    return fresh();
  }
}

/** Notes that it was carried out. */
export function tellAnswered(name, body) {
  const slot = slotOf(name, body);
  try {
    const there = kept(slot);
    if (there) sessionStorage.setItem(slot, JSON.stringify({ ...there, answered: true }));
  } catch {
    // Nothing is kept where nothing can be.
  }
}

/** Whether it was carried out already. */
export function isAnswered(name, body) {
  try {
    return kept(slotOf(name, body))?.answered === true;
  } catch {
    return false;
  }
}

/** After an answer that is final, what is done again is another command. Without a body, whatever it was. */
export function forgetKey(name, body) {
  const start = body === undefined ? `key:${name}:` : slotOf(name, body);
  try {
    for (const slot of Object.keys(sessionStorage)) {
      if (slot.startsWith(start)) sessionStorage.removeItem(slot);
    }
  } catch {
    // Nothing is kept where nothing can be.
  }
}
