// Stock as it changes, while somebody looks.

/** Answers `follow({ stores, skus })`, which replaces what was followed before; `changed` is called with each count. */
export function follow(changed) {
  let source = null;
  let followed = null;

  function open() {
    source?.close();
    source = null;
    if (!followed || document.hidden) return;
    const query = new URLSearchParams();
    followed.stores.forEach((store) => query.append("store_id", store));
    followed.skus.forEach((sku) => query.append("sku", sku));
    source = new EventSource(`/v1/stock/stream?${query}`);
    source.addEventListener("stock", (event) => changed(JSON.parse(event.data)));
    // After a refusal the browser does not come again by itself.
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) setTimeout(open, 5000);
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
