// Stock as it changes, while somebody looks.

/** Pause before a refused stream is asked for again, the first time and at most, in milliseconds. */
const FIRST_PAUSE = 4000;
const LONGEST_PAUSE = 60000;

/** Answers `follow({ stores, skus })`, which replaces what was followed before; `changed` is called with each count. */
export function follow(changed) {
  let source = null;
  let followed = null;
  let pause = FIRST_PAUSE;

  function open() {
    source?.close();
    source = null;
    if (!followed || document.hidden) return;
    const query = new URLSearchParams();
    followed.stores.forEach((store) => query.append("store_id", store));
    followed.skus.forEach((sku) => query.append("sku", sku));
    source = new EventSource(`/v1/stock/stream?${query}`);
    source.addEventListener("stock", (event) => changed(JSON.parse(event.data)));
    source.addEventListener("open", () => (pause = FIRST_PAUSE));
    // After a refusal the browser does not come again by itself. Not all at once, and ever more seldom.
    source.addEventListener("error", () => {
      if (source?.readyState !== EventSource.CLOSED) return;
      setTimeout(open, pause * (0.5 + Math.random()));
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    });
  }

  // A browser has six connections to a server for all its tabs: one that nobody looks at keeps none.
  document.addEventListener("visibilitychange", open);
  return {
    follow(next) {
      followed = next;
      open();
    },
  };
}
