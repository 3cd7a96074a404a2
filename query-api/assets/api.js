// Asking the query API, and giving commands to the command API.

import { commandUrl } from "./page.js";

/** Longest that an answer is waited for, in milliseconds: more than a request may take there. */
const TIMEOUT = 20000;
/** How often a command is sent at most, always under the same key. */
const TRIES = 4;
/** Longest that a command waits to be sent again by itself, in milliseconds: above that a person decides. */
const LONGEST_PAUSE = 10000;
/** Pause before a command is sent again where the answer names none, in milliseconds. */
const PAUSE = 1000;

/** Nobody answered: there is no connection, or nothing came back. Whether a command was carried out is open. */
export class Unreached extends Error {}

/** What was refused, as the API says it. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? String(status));
    this.status = status;
    this.code = problem.code ?? "internal";
    this.problem = problem;
  }

  /** Whether it was not carried out, and will not be. What is asked for too soon may have been, by a try that nobody answered. */
  get isFinal() {
    return this.status < 500 && this.status !== 429;
  }
}

/** Sends a request, and answers `{ response, text }`. */
async function ask(url, options) {
  // Phones of some years ago have no AbortSignal.timeout.
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT);
  try {
    const response = await fetch(url, { ...options, signal: abort.signal, credentials: "omit" });
    return { response, text: await response.text() };
  } catch (error) {
    throw new Unreached(error.message);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a request, and answers `{ response, body }`: the body as it is in JSON, or an empty one where it is none. */
async function send(url, options) {
  const { response, text } = await ask(url, options);
  try {
    return { response, body: JSON.parse(text) };
  } catch (error) {
    // What is cut short, or comes from somebody in between, is no answer.
    if (response.ok) throw new Unreached(error.message);
    return { response, body: {} };
  }
}

/** This page as it would be now; nothing in it runs. */
export async function pageAnew() {
  const { response, text } = await ask(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
  if (!response.ok) throw new Refused(response.status, {});
  return new DOMParser().parseFromString(text, "text/html");
}

/**
 * Asks the query API. `authorization` says who asks, `etag` what is there already, and `token` what must be in the answer.
 * Answers `{ changed, body, etag }`; not changed is what `etag` names.
 */
export async function lookup(path, { authorization, etag, token } = {}) {
  const headers = { accept: "application/json" };
  if (authorization) headers.authorization = authorization;
  if (etag) headers["if-none-match"] = etag;
  if (token) Object.assign(headers, { "consistency-token": token, prefer: "wait=5" });
  const { response, body } = await send(path, { headers, cache: "no-store" });
  if (response.status === 304) return { changed: false, body: null, etag };
  if (!response.ok) throw new Refused(response.status, body);
  return { changed: true, body, etag: response.headers.get("etag") };
}

/**
 * Gives a command, and gives it again under the same key while nobody answers or the service is busy: it is carried out
 * once. Answers `{ body, token, etag, replayed }`.
 */
export async function command(path, { method = "POST", key, body, authorization, ifMatch } = {}) {
  const headers = { accept: "application/json", "idempotency-key": key };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (authorization) headers.authorization = authorization;
  if (ifMatch) headers["if-match"] = ifMatch;
  const options = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  for (let tried = 1; ; tried += 1) {
    try {
      const { response, body: answer } = await send(commandUrl + path, options);
      if (response.ok) {
        const header = (name) => response.headers.get(name);
        const replayed = header("idempotent-replay") === "true";
        return { body: answer, token: header("consistency-token"), etag: header("etag"), replayed };
      }
      const wait = Number(response.headers.get("retry-after")) * 1000 || PAUSE;
      const again = [429, 503].includes(response.status) && tried < TRIES && wait <= LONGEST_PAUSE;
      if (!again) throw new Refused(response.status, answer);
      await pause(wait);
    } catch (error) {
      if (!(error instanceof Unreached) || tried === TRIES || !navigator.onLine) throw error;
      await pause(PAUSE * tried);
    }
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
