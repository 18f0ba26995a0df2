// Native dialogs: the browser keeps the focus inside, Esc closes, and the focus goes back where it was.

/** Where the counter speaks. Beside an open dialog nobody would see or hear it, so it moves in and back out again. */
const VOICES = ["c-message", "c-say", "c-shout"];
/** Where each voice is at home. @type {Map<HTMLElement, Comment>} */
const homes = new Map();

/** Let every button that says so close its dialog, and a click beside a dialog close it too. */
export function prepareDialogs() {
  for (const voice of VOICES.map((id) => document.getElementById(id)).filter(Boolean)) {
    homes.set(voice, document.createComment(voice.id));
    voice.before(homes.get(voice));
  }
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("close", () => {
      for (const [voice, home] of homes) if (dialog.contains(voice)) home.after(voice);
    });
    dialog.addEventListener("click", (event) => {
      const isClose = /** @type {Element} */ (event.target).closest("[data-close]");
      if (isClose || event.target === dialog) dialog.close();
    });
  }
}

/** @param {string} id */
export function openDialog(id) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById(id));
  if (dialog.open) return;
  dialog.showModal();
  dialog.querySelector(".y-dialog__head").after(...homes.keys());
}

/** Whether any dialog is open: the page's own keys rest then. */
export function isDialogOpen() {
  return document.querySelector("dialog[open]") !== null;
}
