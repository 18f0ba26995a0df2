// The counter page: puts the parts together. The daemon owns the sale; the page shows it and may be closed at any time.
import { call, Problem } from "../api.js";
import { Live } from "../live.js";
import { Sound } from "../sound.js";
import { Wedge } from "../wedge.js";
import { count, ours, text } from "../words.js";
import { Alarms } from "./alarms.js";
import { Announcer } from "./announce.js";
import { Basket } from "./basket.js";
import { Desk } from "./desk.js";
import { openDialog, prepareDialogs } from "./dialogs.js";
import { listenToKeys } from "./keys.js";
import { isOnList, ScanList, verdictWord } from "./list.js";
import { Messages } from "./messages.js";
import { drawDeadLetters, Status } from "./status.js";

const API = "/api/v1";
const STATUS_EVERY_MS = 10_000;
const AGAIN_MS = 2_000;

const element = (/** @type {string} */ id) => document.getElementById(id);
let wedgedBefore = Promise.resolve();
let isListening = false;
const sound = new Sound();
const messages = new Messages();
const status = new Status();
const basket = new Basket();
const alarms = new Alarms();
const announcer = new Announcer();
const list = new ScanList((code) => desk.remove(code));
const desk = new Desk({ basket, list, alarms, messages, refresh: loadSale, reload: load });
const live = new Live(`${API}/live`, ["scan", "scan_update", "totals", "sync", "device", "alert"], {
  heard,
  reset: () => load(),
  changed: (isLive) => {
    status.setLost(!isLive);
    drawButtons();
    if (isLive) load();
  },
});

// -- what comes in -----------------------------------------------------------------------------------------------------

/** @param {string} event @param {any} value */
function heard(event, value) {
  if (event === "scan") takeScan(value);
  else if (event === "scan_update") takeChange(value);
  else if (event === "totals") takeTotals(value);
  else if (event === "sync") status.takeSync(value);
  else if (event === "device") status.takeDevice(value);
  else if (event === "alert") takeAlert(value);
}

/** @param {import("./list.js").Scan} scan */
function takeScan(scan) {
  if (scan.sale !== null && scan.sale !== basket.sale) beginList(scan.sale);
  if (!list.add(scan)) return;
  basket.add(scan);
  alarms.add(scan);
  announcer.heard(scan);
  sound.play(scan.tone);
  drawButtons();
}

/** @param {any} totals */
function takeTotals(totals) {
  basket.takeTotals(totals);
  announcer.takeTotals(totals);
}

/** Something that is no scan: a device, the disk, a colleague. @param {any} alert */
function takeAlert(alert) {
  sound.play(alert.tone);
  messages.say(alert.tone === "alarm" ? "bad" : "warn", ours(alert.words), ours(alert.next));
}

/** A pack left the list, or the list ended. @param {any} change */
function takeChange(change) {
  if (change.sale !== basket.sale) return;
  if (change.change === "removed") list.markRemoved(change.code);
  loadSale().catch(tell);
}

/** A scan opened a list. @param {string} sale */
function beginList(sale) {
  if (basket.sale !== null) endList();
  basket.begin(sale);
}

function endList() {
  list.clear();
  alarms.clear();
  desk.removed = [];
}

// -- loading -----------------------------------------------------------------------------------------------------------

/** Load everything, until it works. */
async function load() {
  try {
    await loadSession();
    await Promise.all([loadStatus(), loadLists()]);
    status.setLost(false);
    drawButtons();
    if (isListening) return;
    isListening = true;
    live.start(Number(document.body.dataset.position));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.isSignedOut) return; // Where others than this machine may ask, even looking needs a sign-in.
    status.setLost(true);
    window.setTimeout(load, AGAIN_MS);
  }
}

async function loadLists() {
  const [, scans] = await Promise.all([loadSale(), call("GET", `${API}/scans?limit=500`)]);
  const recent = ofThisList(scans).map(asItStands);
  list.fill(recent);
  for (const scan of recent) alarms.add(scan);
}

/** Who is signed in with this browser: another one may be signed in elsewhere. */
async function loadSession() {
  try {
    showOperator(await call("GET", `${API}/session`));
  } catch (problem) {
    if (!(problem instanceof Problem && problem.isSignedOut)) throw problem;
    showOperator(null);
  }
}

/** A scan as it stands now: the box may have been taken off since. @param {import("./list.js").Scan} scan */
function asItStands(scan) {
  return isOnList(scan) && !basket.holds(scan.code) ? { ...scan, isRemoved: true } : scan;
}

/** The scans since the last list ended. @param {import("./list.js").Scan[]} scans */
function ofThisList(scans) {
  const newestFirst = [...scans].sort((a, b) => b.id - a.id);
  const end = newestFirst.findIndex((scan) => scan.sale !== null && scan.sale !== basket.sale);
  return end < 0 ? newestFirst : newestFirst.slice(0, end);
}

async function loadStatus() {
  status.take(await call("GET", `${API}/status`));
}

async function loadSale() {
  const sale = await call("GET", `${API}/sale`);
  if (basket.sale !== null && sale.id !== basket.sale) endList();
  basket.show(sale);
  announcer.takeTotals(sale.totals);
  showOther(sale.operator);
  drawMode();
  drawButtons();
}

/** @param {unknown} problem */
function tell(problem) {
  if (!(problem instanceof Problem)) throw problem;
  if (!problem.isUnanswered) messages.problem(problem);
}

// -- the parts that depend on more than one ----------------------------------------------------------------------------

/** Who has the counter, if it is not this browser. @param {string | null} operator */
function showOther(operator) {
  const isOther = operator !== null && document.body.dataset.view === "sign-in";
  element("c-sign-in-other").hidden = !isOther;
  element("c-sign-in-other").textContent = text("counter.sign_in.other", { name: operator ?? "" });
}

/** @param {{name: string} | null} session */
function showOperator(session) {
  const isIn = session !== null;
  document.body.dataset.view = isIn ? "work" : "sign-in";
  element("c-operator").textContent = isIn ? text("counter.operator", { name: session.name }) : "";
  element("c-leave").hidden = !isIn;
  element("c-pay").hidden = !isIn;
  element("c-sign-in").hidden = isIn;
  element("c-empty-title").textContent = text(isIn ? "counter.empty.title" : "counter.empty.sign_in");
  element("c-empty-text").textContent = text(isIn ? "counter.empty.text" : "counter.empty.sign_in_text");
}

function drawMode() {
  for (const button of document.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === basket.mode));
  const isSale = basket.mode === "dispense";
  element("c-close-text").textContent = text(isSale ? "counter.close.sale" : "counter.close.delivery");
  element("c-cancel-text").textContent = text(isSale ? "counter.cancel.sale" : "counter.cancel.delivery");
  element("c-lines-none").textContent = text(isSale ? "counter.lines.none" : "counter.lines.none_received");
}

function drawButtons() {
  const isWorking = document.body.dataset.view === "work" && !status.isLost;
  enable("c-close", isWorking && !basket.isEmpty);
  enable("c-cancel", isWorking && basket.sale !== null);
  const removed = desk.removed.at(-1);
  element("c-undo-bar").hidden = !isWorking || !removed;
  if (removed) element("c-undo-what").textContent = text("counter.undo_what", { name: list.nameOf(removed) });
  for (const button of document.querySelectorAll("[data-mode]")) button.disabled = !isWorking || (!basket.isEmpty && button.getAttribute("aria-pressed") === "false");
  element("c-manual").disabled = !isWorking;
}

/** @param {string} id @param {boolean} isOn */
function enable(id, isOn) {
  element(id).disabled = !isOn;
}

// -- what the operator does --------------------------------------------------------------------------------------------

/** A keyboard scanner typed into the window: one code after the other, in their order. @param {string} code */
function wedged(code) {
  wedgedBefore = wedgedBefore.then(() => record(code));
}

/** @param {string} code */
async function record(code) {
  try {
    const scan = await desk.enter(code);
    showAnswer(scan);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    // The page keeps nothing: what the daemon did not take must be scanned again.
    sound.play("alarm");
    messages.say("bad", text("counter.wedge.lost"), `${text("counter.wedge.lost_next")} ${problem.message}`);
  }
}

/** @param {any} scan */
function showAnswer(scan) {
  const answer = element("c-manual-answer");
  const box = document.createElement("p");
  box.className = `y-message y-message--${{ ok: "ok", notice: "warn", alarm: "bad" }[scan.tone]}`;
  box.textContent = [verdictWord(scan.verdict, scan), scan.name ?? "", scan.verdict === "added" ? "" : ours(scan.words), ours(scan.hint)].filter(Boolean).join(text("common.sentence_joint"));
  answer.replaceChildren(box);
}

async function submitManual(/** @type {SubmitEvent} */ event) {
  event.preventDefault();
  const input = element("c-manual-code");
  const raw = input.value.trim();
  if (!raw) return;
  try {
    showAnswer(await desk.enter(raw));
    input.value = "";
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    showAnswer({ tone: "alarm", verdict: "problem", words: { zh: problem.message, en: problem.message }, hint: { zh: problem.next, en: problem.next } });
  }
  input.focus();
}

async function submitSignIn(/** @type {SubmitEvent} */ event) {
  event.preventDefault();
  const [name, password] = [element("c-operator-name"), element("c-password")];
  await desk.signIn(name.value.trim(), password.value);
  password.value = "";
  if (document.body.dataset.view === "sign-in") password.focus();
}

function askCancel() {
  if (element("c-cancel").disabled) return;
  element("c-cancel-what").textContent = count("counter.cancel.what", basket.totals.boxes, { sale: basket.sale ?? "" });
  openDialog("c-cancel-dialog");
}

async function openSync() {
  openDialog("c-sync-dialog");
  status.draw();
  try {
    drawDeadLetters(await call("GET", `${API}/dead-letters`));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    messages.problem(problem);
  }
}

function drawSound() {
  document.documentElement.classList.toggle("c-is-muted", sound.isMuted || !sound.isAllowed);
  document.documentElement.classList.toggle("c-is-unheard", !sound.isAllowed);
  element("c-volume").value = String(Math.round(sound.volume * 100));
  element("c-muted").checked = sound.isMuted;
  element("c-sound-blocked").hidden = sound.isAllowed;
}

function openManual() {
  element("c-manual-answer").replaceChildren();
  openDialog("c-manual-dialog");
  element("c-manual-code").focus();
}

function connect() {
  element("c-sign-in-form").addEventListener("submit", submitSignIn);
  element("c-manual-form").addEventListener("submit", submitManual);
  element("c-manual").addEventListener("click", openManual);
  element("c-leave").addEventListener("click", () => desk.signOut());
  element("c-close").addEventListener("click", () => desk.close());
  element("c-undo").addEventListener("click", () => desk.undo());
  element("c-cancel").addEventListener("click", askCancel);
  element("c-cancel-yes").addEventListener("click", () => {
    element("c-cancel-dialog").close();
    desk.cancel();
  });
  element("c-sync").addEventListener("click", openSync);
  element("c-dead-open").addEventListener("click", openSync);
  element("c-devices").addEventListener("click", () => {
    openDialog("c-devices-dialog");
    status.draw();
  });
  element("c-help").addEventListener("click", () => openDialog("c-help-dialog"));
  element("c-sound").addEventListener("click", () => openDialog("c-sound-dialog"));
  element("c-volume").addEventListener("input", (event) => sound.setVolume(Number(event.target.value) / 100));
  element("c-muted").addEventListener("change", (event) => sound.setMuted(event.target.checked));
  for (const button of document.querySelectorAll("[data-tone]")) button.addEventListener("click", () => sound.play(button.dataset.tone));
  for (const button of document.querySelectorAll("[data-mode]")) button.addEventListener("click", () => desk.setMode(button.dataset.mode));
  for (const button of document.querySelectorAll("[data-filter]")) button.addEventListener("click", () => chooseFilter(button));
  document.addEventListener("yima:sound", drawSound);
}

/** @param {Element} chosen */
function chooseFilter(chosen) {
  for (const button of document.querySelectorAll("[data-filter]")) button.setAttribute("aria-pressed", String(button === chosen));
  list.filterBy(chosen.dataset.filter);
}

prepareDialogs();
connect();
drawSound();
new Wedge(wedged);
listenToKeys({
  F1: () => openDialog("c-help-dialog"),
  "?": () => openDialog("c-help-dialog"),
  F2: () => element("c-manual").disabled || openManual(),
  F10: () => element("c-close").disabled || desk.close(),
  Delete: () => desk.remove(list.removableCode()),
  ArrowUp: () => list.move(-1),
  ArrowDown: () => list.move(1),
  "Ctrl+Z": () => desk.undo(),
  Escape: () => (alarms.isOpen ? alarms.acknowledge() : messages.clear()),
});
window.setInterval(() => isListening && live.isLive && loadStatus().catch(tell), STATUS_EVERY_MS);
await load();
document.documentElement.dataset.ready = "yes";
