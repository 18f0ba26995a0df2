// Native dialogs: the browser keeps the focus inside, Esc closes, and the focus goes back where it was.

/** Let every button that says so close its dialog, and a click beside a dialog close it too. */
export function prepareDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      const isClose = /** @type {Element} */ (event.target).closest("[data-close]");
      if (isClose || event.target === dialog) dialog.close();
    });
  }
}

/** @param {string} id */
export function openDialog(id) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById(id));
  if (!dialog.open) dialog.showModal();
}

/** Whether any dialog is open: the page's own keys rest then. */
export function isDialogOpen() {
  return document.querySelector("dialog[open]") !== null;
}
