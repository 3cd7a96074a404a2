// Keeps something fresh by asking again and again; while nobody looks, seldom or not at all.

/** Pause between two questions, in milliseconds. */
const EVERY = 3000;
/** Longest pause after questions that failed, in milliseconds. */
const LONGEST = 30000;

/**
 * Calls `read` now, then every few seconds while the page is seen, and at once when it is seen again or `now()` is called;
 * while it is not seen after each `unseen` milliseconds, if that is given. A `read` that fails is told to `failed`, and asked again later and later; one that answers `false` was the last.
 */
export function keepFresh(read, { every = EVERY, unseen = null, failed = () => {} } = {}) {
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
    later();
  }

  function later() {
    clearTimeout(timer);
    const pause = document.hidden ? unseen : every;
    if (!over && pause !== null) timer = setTimeout(now, Math.min(pause * 2 ** failures, LONGEST));
  }

  function now() {
    if (over) return Promise.resolve();
    running ??= once();
    return running;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) later();
    else now();
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
