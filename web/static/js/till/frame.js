// What the pages beside the counter share: who is signed in, how the insurance is, one thing asked at a time, and a
// dialog that asks for a word before something is done.
import { call, Problem } from "../api.js";
import { openDialog, prepareDialogs } from "../counter/dialogs.js";
import { element } from "../counter/element.js";
import { made, put, setShape, show } from "../counter/rows.js";
import { Live } from "../live.js";
import { ours, text } from "../words.js";
import { tellProblem } from "./problem.js";

const API = "/api/v1";
const AGAIN_MS = 3_000;
const STATUS_EVERY_MS = 10_000;
/** @type {Record<string, [string, string, string]>} */
const LAMPS = {
  ok: ["ok", "check", "counter.settlement.ok"],
  notice: ["notice", "warning", "counter.settlement.notice"],
  down: ["notice", "cross", "counter.settlement.down"],
  off: ["unknown", "offline", "counter.settlement.off"],
};

/** A field of the dialog. @typedef {{name: string, label: string, type?: string, value?: string, isOptional?: boolean, most?: number}} Field */

export class Frame {
  /**
   * @param {object} page
   * @param {() => Promise<void>} page.load everything that the page shows
   * @param {() => void} page.draw buttons, by `isWorking`
   * @param {(event: string, value: any) => void} page.heard
   */
  constructor(page) {
    this.page = page;
    this.isSignedIn = false;
    this.isBusy = false;
    this.isUp = true;
    /** Something is settled with the insurance here. */
    this.isInsured = true;
    this.answer = /** @type {((said: Record<string, string>) => Promise<void>) | null} */ (null);
    this.timer = 0;
    prepareDialogs();
    element("t-ask-form").addEventListener("submit", (event) => this.answered(event));
    window.setInterval(() => this.refresh(), STATUS_EVERY_MS);
    this.live = new Live(`${API}/live`, ["ticket", "scan", "health", "session"], {
      heard: (event, value) => this.heard(event, value),
      reset: () => this.begin(),
      changed: (isLive) => show("t-lost", !isLive),
    });
  }

  get isWorking() {
    return this.isSignedIn && !this.isBusy;
  }

  async begin() {
    try {
      await this.look();
      if (this.live.source === null) this.live.start(Number(document.body.dataset.position));
      show("t-lost", false);
      if (this.isSignedIn) await this.page.load();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.isUnanswered) this.again();
      show("t-lost", problem.isUnanswered);
      if (!problem.isUnanswered) tellProblem(element("t-problem"), problem);
    }
    this.page.draw();
  }

  again() {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.begin(), AGAIN_MS);
  }

  /** Who is signed in, and whether the insurance can be asked. */
  async look() {
    try {
      put("t-operator", text("counter.operator", { name: (await call("GET", `${API}/session`)).name }));
      this.isSignedIn = true;
      await this.lookAtLine();
    } catch (problem) {
      if (!(problem instanceof Problem && problem.isSignedOut)) throw problem;
      this.isSignedIn = false;
    }
    show("t-signed-out", !this.isSignedIn);
    document.documentElement.classList.toggle("t-is-out", !this.isSignedIn);
  }

  /** How the insurance is: the lamp tells how the last asking ended, `is_up` whether it may be asked now. */
  async lookAtLine() {
    const { lamps, interface: way } = await call("GET", `${API}/status`);
    const lamp = lamps.settlement;
    const [state, shape, word] = LAMPS[lamp.state] ?? LAMPS.notice;
    this.isUp = way?.is_up ?? false;
    this.isInsured = Boolean(way);
    const badge = element("t-lamp");
    badge.dataset.state = state;
    setShape(badge, shape);
    put("t-lamp-text", text(word));
    show("t-offline", this.isInsured && !this.isUp);
    show("t-no-insurance", !this.isInsured);
    put("t-offline-title", ours(lamp.words));
  }

  refresh() {
    if (this.isSignedIn && !document.hidden) this.lookAtLine().then(() => this.page.draw(), () => this.again());
  }

  /** @param {string} event @param {any} value */
  heard(event, value) {
    if (event === "session") return this.begin();
    if (event === "health") this.refresh();
    this.page.heard(event, value);
    this.page.draw();
  }

  /** Do one thing; until it is done nothing else can be pressed. @param {() => Promise<void>} act @param {HTMLElement} [place] @param {string} [waits] */
  async ask(act, place = element("t-problem"), waits = text("till.wait.terminal")) {
    if (this.isBusy) return false;
    this.isBusy = true;
    place.replaceChildren();
    put("t-wait", waits);
    show("t-wait", true);
    this.page.draw();
    try {
      await act();
      return true;
    } catch (problem) {
      tellProblem(place, problem);
      if (problem instanceof Problem && problem.isSignedOut) await this.look();
      return false;
    } finally {
      this.isBusy = false;
      show("t-wait", false);
      this.page.draw();
    }
  }

  /** Ask for some words, then do it. @param {{title: string, says?: string, send: string, fields: Field[]}} wanted @param {(said: Record<string, string>) => Promise<void>} act */
  askFor({ title, says = "", send, fields }, act) {
    this.answer = act;
    put("t-ask-dialog-title", title);
    put("t-ask-text", says);
    put("t-ask-send", send);
    element("t-ask-problem").replaceChildren();
    element("t-ask-fields").replaceChildren(...fields.map(field));
    openDialog("t-ask-dialog");
    (element("t-ask-fields").querySelector("input") ?? element("t-ask-send")).focus();
  }

  /** @param {SubmitEvent} event */
  async answered(event) {
    event.preventDefault();
    const inputs = [...element("t-ask-fields").querySelectorAll("input")];
    const said = Object.fromEntries(inputs.map((one) => [one.name, one.value.trim()]));
    const send = element("t-ask-send");
    send.disabled = true;
    if (await this.ask(() => this.answer(said), element("t-ask-problem"))) element("t-ask-dialog").close();
    send.disabled = false;
    for (const one of inputs.filter((input) => input.type === "password")) one.value = "";
  }
}

/** @param {Field} one */
function field(one) {
  const whole = made("div", "", "y-field");
  const label = made("label", one.label, "y-field__label");
  const input = /** @type {HTMLInputElement} */ (made("input", "", "y-input"));
  label.setAttribute("for", `t-ask-${one.name}`);
  Object.assign(input, { id: `t-ask-${one.name}`, name: one.name, type: one.type ?? "text", value: one.value ?? "", required: !one.isOptional, autocomplete: "off", maxLength: one.most ?? 200 });
  if (one.type === "number") Object.assign(input, { min: "0", step: "0.01" });
  whole.append(label, input);
  return whole;
}
