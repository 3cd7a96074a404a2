// What is held, and where, in the words of the projection.

import { lookup } from "./api.js";
import { data, fill, find, lang, link, make, setText } from "./page.js";

const pick = (name) => (lang === "ja" ? (name?.ja ?? name?.en) : (name?.en ?? name?.ja)) ?? "";

async function describe(sku) {
  const brand = sku.split(".")[0];
  const { body } = await lookup(`/v1/products?${new URLSearchParams({ brand, q: sku })}`);
  for (const product of body.products) {
    const found = product.skus.find((one) => one.sku === sku);
    if (found) return { product, of: [pick(found.colour), found.size].filter(Boolean).join(" / ") };
  }
  return null;
}

/** Shows what is held; by its code where nobody knows its name. */
export async function showLines(lines) {
  const list = find("[data-lines]");
  const items = lines.map((line) => {
    const name = make("span", {}, line.sku.slice(line.sku.indexOf(".") + 1));
    const pieces = fill(data.hold.pieces, { n: line.quantity });
    const below = make("p", { class: "number small soft" }, pieces);
    return { line, name, pieces, below, item: make("li", {}, name, below) };
  });
  list.replaceChildren(...items.map(({ item }) => item));
  await Promise.all(
    items.map(async ({ line, name, pieces, below }) => {
      const described = await describe(line.sku);
      if (!described) return;
      const address = link(`/products/${encodeURIComponent(described.product.product_code)}`);
      name.replaceChildren(make("a", { href: address }, pick(described.product.name)));
      setText(below, [described.of, pieces].filter(Boolean).join("・"));
    }),
  );
}

/** Shows where it is held, and answers the store's time zone. */
export async function showStore(storeId) {
  const { body: store } = await lookup(`/v1/stores/${encodeURIComponent(storeId)}`);
  const place = find("[data-at]");
  place.href = link(`/stores/${encodeURIComponent(storeId)}`);
  setText(place, pick(store.name));
  setText(find("[data-address]"), pick(store.address));
  return store.time_zone;
}
