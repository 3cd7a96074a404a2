// What the page was made with, and how scripts change what it shows: by text, never by markup.

const root = document.documentElement;

/** Phrases and facts that the page brought along. */
export const data = JSON.parse(document.getElementById("data")?.textContent ?? "{}");
export const lang = root.lang;
/** Empty where the command API has the pages' own origin. */
export const commandUrl = root.dataset.commandUrl ?? "";
export const oidcIssuer = root.dataset.oidcIssuer ?? "";
export const oidcClientId = root.dataset.oidcClientId ?? "";

/** A phrase with its open places filled in. */
export function fill(phrase, values) {
  return phrase.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

export const find = (selector, within = document) => within.querySelector(selector);
export const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element with attributes, and texts or elements in it. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets a text, and leaves it untouched where it says so already: screen readers tell every change. */
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** A page's address in the language that was chosen for this one. */
export function link(path) {
  const chosen = new URLSearchParams(location.search).get("lang");
  if (!chosen) return path;
  return `${path}${path.includes("?") ? "&" : "?"}lang=${encodeURIComponent(chosen)}`;
}

/** A time as people read it, on the store's clock. */
export function clock(time, timeZone, options) {
  const form = options ?? { month: "short", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(lang, { hourCycle: "h23", timeZone, ...form }).format(new Date(time));
}
