// Keeps something fresh by asking again and again, but not while nobody looks.

/** Pause between two questions, in milliseconds. */
const EVERY = 3000;
/** Longest pause after questions that failed, in milliseconds. */
const LONGEST = 30000;

/**
 * Calls `read` now, then every few seconds while the page is seen, and at once when it is seen again or `now()` is called.
 * A `read` that fails is told to `failed`, and asked again later and later; one that answers `false` was the last.
 */
export function keepFresh(read, { every = EVERY, failed = () => {} } = {}) {
  let timer = 0;
  let failures = 0;
  let running = null;
  let over = false;

  async function once() {
    clearTimeout(timer);
    try {
      over = (await read()) === false;
      failures = 0;
    } catch (error) {
      failures += 1;
      failed(error);
    }
    running = null;
    clearTimeout(timer);
    if (!over && !document.hidden) timer = setTimeout(now, Math.min(every * 2 ** failures, LONGEST));
  }

  function now() {
    if (over) return Promise.resolve();
    running ??= once();
    return running;
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) now();
  });
  addEventListener("online", now);
  now();
  return {
    now,
    stop() {
      over = true;
      clearTimeout(timer);
    },
  };
}
