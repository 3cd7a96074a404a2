// A slip for the shelf, for the hold that the address names. Whose it is stands on it only for those who may see it.

import { lookup } from "./api.js";
import { authorization, isSignedOut } from "./oidc.js";
import { clock, fill, find, make, setText } from "./page.js";
import { described, problem, until, whose, words } from "./staff-text.js";

async function show() {
  const id = new URLSearchParams(location.search).get("hold") ?? "";
  const asked = { authorization: authorization() };
  const { body: hold } = await lookup(`/v1/reservations/${encodeURIComponent(id)}`, asked);
  const { body: shop } = await lookup(`/v1/stores/${hold.store_id}`);
  const zone = shop.time_zone;
  setText(find("#slip-code"), hold.pickup_code);
  setText(find("#slip-customer"), whose(hold.customer));
  setText(find("#slip-until"), until(hold.expires_at, zone));
  const lines = hold.lines.map((line) =>
    make("li", {}, make("b", { class: "pieces number" }, fill(words.pieces, { n: line.quantity })), ` ${described(line)} `, make("span", { class: "small number" }, line.sku)),
  );
  find("#slip-lines").replaceChildren(...lines);
  setText(find("#slip-placed"), fill(words.placed, { time: clock(hold.placed_at, zone) }));
  find("#slip").hidden = false;
  find("#says").hidden = true;
  const button = find("#print");
  button.hidden = false;
  button.addEventListener("click", () => print());
  addEventListener("afterprint", () => close());
  print();
}

show().catch((error) => setText(find("#says"), isSignedOut(error) ? words.session_over : problem(error)));
