// The counter's keys. Function keys work everywhere; the others rest while somebody types or a dialog is open.
import { isDialogOpen } from "./dialogs.js";

const EVERYWHERE = new Set(["F1", "F2", "F4", "F6", "F7", "F9", "F10"]);

/** @param {Record<string, () => void>} actions by key */
export function listenToKeys(actions) {
  window.addEventListener("keydown", (event) => {
    const name = event.ctrlKey && event.key.toLowerCase() === "z" ? "Ctrl+Z" : event.key;
    const action = actions[name];
    if (!action || event.altKey || event.metaKey || (event.ctrlKey && name !== "Ctrl+Z")) return;
    if (isDialogOpen() || (isTyping(event.target) && !EVERYWHERE.has(name))) return;
    event.preventDefault();
    action();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
