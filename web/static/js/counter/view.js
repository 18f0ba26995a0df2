// What depends on more than one part: who is signed in, which mode it is, which buttons work.
import { ours, text } from "../words.js";
import { element } from "./element.js";
import { put, show } from "./rows.js";

/** Who is signed in with this browser. @param {{name: string} | null} session */
export function showOperator(session) {
  const isIn = session !== null;
  const isNew = document.body.dataset.view !== (isIn ? "work" : "sign-in");
  document.body.dataset.view = isIn ? "work" : "sign-in";
  element("c-operator").textContent = isIn ? text("counter.operator", { name: session.name }) : "";
  element("c-leave").hidden = !isIn;
  element("c-pay").hidden = !isIn;
  element("c-sign-in").hidden = isIn;
  element("c-empty-title").textContent = text(isIn ? "counter.empty.title" : "counter.empty.sign_in");
  element("c-empty-text").textContent = text(isIn ? "counter.empty.text" : "counter.empty.sign_in_text");
  if (!isIn && isNew) element("c-operator-name").focus();
}

/** Who has the counter, if it is not this browser. @param {string | null} operator */
export function showOther(operator) {
  const isOther = operator !== null && !isSignedIn();
  element("c-sign-in-other").hidden = !isOther;
  element("c-sign-in-other").textContent = text("counter.sign_in.other", { name: operator ?? "" });
}

export function isSignedIn() {
  return document.body.dataset.view === "work";
}

/** @param {string} mode */
export function drawMode(mode) {
  for (const button of document.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  const isSale = mode === "dispense";
  element("c-close-text").textContent = text(isSale ? "counter.close.sale" : "counter.close.delivery");
  element("c-cancel-text").textContent = text(isSale ? "counter.cancel.sale" : "counter.cancel.delivery");
  element("c-lines-none").textContent = text(isSale ? "counter.lines.none" : "counter.lines.none_received");
}

/** @param {import("./page.js").Page} page */
export function drawButtons({ basket, desk, list, status }) {
  const isWorking = isSignedIn() && !status.isLost;
  const doing = desk.doings.at(-1);
  const isSale = basket.mode === "dispense";
  element("c-close").disabled = !isWorking || basket.isEmpty;
  element("c-hold").disabled = !isWorking || basket.isEmpty || !isSale || basket.isPaying;
  element("c-held").disabled = !isWorking;
  drawInsured(status, isWorking && isSale, basket.isEmpty);
  element("c-cancel").disabled = !isWorking || basket.sale === null;
  element("c-manual").disabled = !isWorking;
  element("c-split").disabled = !isWorking || !isSale;
  element("c-undo-bar").hidden = !isWorking || !doing;
  if (doing) element("c-undo-what").textContent = text(doing.isSplit ? "counter.undo_split" : "counter.undo_what", { name: list.nameOf(doing.code) });
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.disabled = !isWorking || (!basket.isEmpty && button.dataset.mode !== basket.mode);
  }
}

/** Where the insurance cannot be asked now the button is off, and says why. @param {import("./status.js").Status} status @param {boolean} isSelling @param {boolean} isEmpty */
function drawInsured({ settlement, mayBeInsured, isInsurable }, isSelling, isEmpty) {
  const isDown = mayBeInsured && settlement.state === "down";
  show("c-insured", isSelling && mayBeInsured);
  element("c-insured").disabled = !isSelling || isEmpty || !isInsurable;
  show("c-insured-why", isSelling && isDown);
  put("c-insured-why", isDown ? `${ours(settlement.words)} (${settlement.code})` : "");
}

/** @param {import("../sound.js").Sound} sound */
export function drawSound(sound) {
  document.documentElement.classList.toggle("c-is-muted", sound.isMuted || !sound.isAllowed);
  document.documentElement.classList.toggle("c-is-unheard", !sound.isAllowed);
  element("c-volume").value = String(Math.round(sound.volume * 100));
  element("c-muted").checked = sound.isMuted;
  element("c-sound-blocked").hidden = sound.isAllowed;
}
