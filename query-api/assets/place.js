// "Near me": where the browser says that it is, rounded, and never without being asked.

import { data, find, findAll } from "./page.js";
import { toast } from "./toast.js";

/** Decimals of a degree that are told: about a hundred metres, enough for which shop is nearer. */
const DECIMALS = 3;
/** Longest that a position is waited for, in milliseconds. */
const TIMEOUT = 10000;

/** Gives the buttons beside fields for a place their meaning. */
export function offerPlaces() {
  for (const form of findAll("[data-place]")) {
    const button = find("[data-near]", form);
    button.addEventListener("click", () => {
      button.setAttribute("aria-busy", "true");
      const done = () => button.removeAttribute("aria-busy");
      const failed = () => {
        done();
        toast(data.shop.near_denied, "bad");
        find("input", form).focus();
      };
      if (!navigator.geolocation) {
        failed();
        return;
      }
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          done();
          go(form.dataset.place || location.pathname, coords);
        },
        failed,
        { timeout: TIMEOUT, maximumAge: 300000 },
      );
    });
  }
}

function go(path, { latitude, longitude }) {
  const query = new URLSearchParams(location.search);
  query.delete("place");
  query.set("near", `${latitude.toFixed(DECIMALS)},${longitude.toFixed(DECIMALS)}`);
  location.assign(`${path}?${query}`);
}
