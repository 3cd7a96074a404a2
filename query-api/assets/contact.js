// Telephone numbers as people type them, with the letters of any keyboard.

/** Fewest digits of a number, and most characters, that the command API takes. */
const LEAST_DIGITS = 5;
const MOST_CHARACTERS = 32;

/** What was typed as a telephone number, as the command API takes it; nothing where it is none. */
export function phoneOf(text) {
  const phone = text.trim().normalize("NFKC").replace(/[‐‑–—ー−]/g, "-");
  const digits = phone.replace(/\D/g, "").length;
  return /^[0-9 +().-]+$/.test(phone) && digits >= LEAST_DIGITS && phone.length <= MOST_CHARACTERS ? phone : null;
}
