// The counter page: connects keys, buttons and forms with what they do.
import { count } from "../words.js";
import { openDialog, prepareDialogs } from "./dialogs.js";
import { element, onClick } from "./element.js";
import { Entry } from "./entry.js";
import { listenToKeys } from "./keys.js";
import { Letters } from "./letters.js";
import { Page } from "./page.js";
import { drawSound, isSignedIn } from "./view.js";

const page = new Page();
const entry = new Entry(page);
const letters = new Letters((problem) => page.tell(problem), () => page.loadStatus());
const { alarms, basket, desk, list, messages, returns, sound, status, tickets } = page;

/** @param {SubmitEvent} event */
async function signIn(event) {
  event.preventDefault();
  const [name, password] = [element("c-operator-name"), element("c-password")];
  const secret = password.value;
  // Emptied first: what is typed while the answer is on its way must stay.
  password.value = "";
  await desk.signIn(name.value.trim(), secret);
  if (!isSignedIn()) password.focus();
}

function askCancel() {
  element("c-cancel-what").textContent = count("counter.cancel.what", basket.totals.boxes, { sale: basket.sale ?? "" });
  openDialog("c-cancel-dialog");
}

function cancel() {
  element("c-cancel-dialog").close();
  desk.cancel();
}

function openSync() {
  openDialog("c-sync-dialog");
  status.draw();
  letters.load();
}

function openHealth() {
  openDialog("c-health-dialog");
  status.draw();
}

function openDevices() {
  openDialog("c-devices-dialog");
  status.draw();
}

/** @param {HTMLElement} chosen */
function chooseFilter(chosen) {
  for (const button of document.querySelectorAll("[data-filter]")) button.setAttribute("aria-pressed", String(button === chosen));
  list.filterBy(chosen.dataset.filter);
}

function connect() {
  element("c-sign-in-form").addEventListener("submit", signIn);
  element("c-volume").addEventListener("input", (event) => sound.setVolume(Number(event.target.value) / 100));
  element("c-muted").addEventListener("change", (event) => sound.setMuted(event.target.checked));
  document.addEventListener("yima:sound", () => drawSound(sound));
  onClick("#c-manual", () => entry.open());
  onClick("#c-leave", () => desk.signOut());
  onClick("#c-close", () => desk.close());
  onClick("#c-cash-yes", () => {
    element("c-cash-dialog").close();
    desk.close(true);
  });
  onClick("#c-cash-insured", () => {
    element("c-cash-dialog").close();
    tickets.open("pay");
  });
  onClick("#c-insured", () => tickets.open("pay"));
  onClick("#c-hold", () => tickets.open("hold"));
  onClick("#c-split", () => tickets.open("split"));
  onClick("#c-held", () => tickets.open("held"));
  onClick("#c-undo", () => desk.undo());
  onClick("#c-cancel", askCancel);
  onClick("#c-cancel-yes", cancel);
  onClick("#c-alarm-return", () => returns.open("", alarms.newest ? [alarms.newest.code] : []));
  onClick("#c-last-return", () => returns.open(basket.last.sale, []));
  onClick("#c-sync, #c-dead-open", openSync);
  onClick("#c-settlement, #c-health, #c-urgent-open", openHealth);
  onClick("#c-devices", openDevices);
  onClick("#c-help", () => openDialog("c-help-dialog"));
  onClick("#c-sound", () => openDialog("c-sound-dialog"));
  onClick("[data-tone]", (button) => sound.play(button.dataset.tone));
  onClick("[data-mode]", (button) => desk.setMode(button.dataset.mode));
  onClick("[data-filter]", chooseFilter);
}

prepareDialogs();
connect();
drawSound(sound);
listenToKeys({
  F1: () => openDialog("c-help-dialog"),
  "?": () => openDialog("c-help-dialog"),
  F2: () => element("c-manual").click(),
  F4: () => element("c-split").click(),
  F6: () => element("c-held").click(),
  F7: () => element("c-hold").click(),
  F9: () => element("c-insured").click(),
  F10: () => element("c-close").click(),
  Delete: () => desk.remove(list.removableCode()),
  ArrowUp: () => list.move(-1),
  ArrowDown: () => list.move(1),
  "Ctrl+Z": () => desk.undo(),
  Escape: () => (alarms.isOpen ? alarms.acknowledge() : messages.clear()),
});
await page.load();
document.documentElement.dataset.ready = "yes";
tickets.prepare();
