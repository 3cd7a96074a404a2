// Dialogs and their forms.

import { isSignedOut } from "./oidc.js";
import { find, findAll, setText } from "./page.js";
import { problem } from "./staff-text.js";

for (const button of findAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

/** Opens a dialog; the browser brings the focus back when it is closed. */
export function open(dialog) {
  setText(find(".wrong", dialog), "");
  if (!dialog.open) dialog.showModal();
}

export const isOpen = () => find("dialog[open]") !== null;

/** Tells what is wrong, and goes where it can be mended. */
export function refuse(form, text, field) {
  setText(find(".wrong", form), text);
  field?.setAttribute("aria-invalid", "true");
  field?.focus();
}

/** Does a form's work once for each time that it is sent, and tells what went wrong in the form. */
export function onSubmit(form, work) {
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    const button = find("button:not([type])", form);
    setText(find(".wrong", form), "");
    findAll("[aria-invalid]", form).forEach((field) => field.removeAttribute("aria-invalid"));
    busy = true;
    button.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (error) {
      if (!isSignedOut(error)) refuse(form, problem(error));
    } finally {
      busy = false;
      button.removeAttribute("aria-busy");
    }
  });
}
