// A short sound when holds come in, unless it is switched off.

import { find } from "./page.js";

const QUIET = "staff:quiet";
const box = find("#sound");
let audio = null;

function isQuiet() {
  try {
    return localStorage.getItem(QUIET) === "yes";
  } catch {
    return false;
  }
}

box.checked = !isQuiet();
box.addEventListener("change", () => {
  try {
    localStorage.setItem(QUIET, box.checked ? "no" : "yes");
  } catch {
    // It holds for as long as the page does.
  }
  if (box.checked) ring();
});
// Browsers let a page sound only after somebody has touched it.
for (const touched of ["pointerdown", "keydown"]) {
  addEventListener(touched, () => (audio ??= new AudioContext()), { once: true });
}

/** Rings, if it may. */
export function ring() {
  if (!box.checked || !audio || audio.state !== "running") return;
  const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.setValueAtTime(880, audio.currentTime);
  tone.frequency.setValueAtTime(1175, audio.currentTime + 0.12);
  loudness.gain.setValueAtTime(0.12, audio.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.5);
  tone.connect(loudness).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.5);
}
