// Keys of commands: what is sent twice, by a double tap, a lost answer or the back button, is carried out once.

/** For how long the same thing again is taken for the same command, in milliseconds. */
const SAME_FOR = 600000;

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

/** The key of the command `name` with this body: the same as long as both are. */
export function keyOf(name, body = null) {
  const slot = `key:${name}:${sum(JSON.stringify(body))}`;
  try {
    const kept = JSON.parse(sessionStorage.getItem(slot));
    if (kept && Date.now() - kept.at < SAME_FOR) return kept.key;
    const key = fresh();
    sessionStorage.setItem(slot, JSON.stringify({ key, at: Date.now() }));
    return key;
  } catch {
    // Without storage the caller has to hold on to the key while it repeats.
    return fresh();
  }
}

/** After an answer that is final, what is done again is another command. Without a body, whatever it was. */
export function forgetKey(name, body) {
  const start = body === undefined ? `key:${name}:` : `key:${name}:${sum(JSON.stringify(body))}`;
  try {
    for (const slot of Object.keys(sessionStorage)) {
      if (slot.startsWith(start)) sessionStorage.removeItem(slot);
    }
  } catch {
    // Nothing is kept where nothing can be.
  }
}
