// The way back from the issuer.

import { finish } from "./oidc.js";
import { data, find, setText } from "./page.js";

try {
  location.replace(await finish());
} catch {
  setText(find("#says"), data.staff.signed_in_failed);
  find("#again").hidden = false;
  find("#again").focus();
}
