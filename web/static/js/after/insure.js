// Turning a cash sale insured (补刷): what it would come to, then the whole of the cash against what is left to pay.
import { call } from "../api.js";
import { openDialog } from "../counter/dialogs.js";
import { element } from "../counter/element.js";
import { made, put, show } from "../counter/rows.js";
import { amount } from "../format.js";
import { text } from "../words.js";
import { Orders } from "../till/orders.js";
import { insuranceWords, sumsOf } from "../till/pay_view.js";
import { drawSums, tellProblem } from "../till/problem.js";

const API = "/api/v1";
const PERSON_MS = 180_000;

export class Insure {
  /** @param {import("../till/frame.js").Frame} frame @param {import("../till/requests.js").Requests} requests @param {() => Promise<void>} done */
  constructor(frame, requests, done) {
    this.frame = frame;
    this.requests = requests;
    this.done = done;
    this.orders = new Orders();
    this.ticket = /** @type {any} */ (null);
    this.isBusy = false;
    this.isTried = false;
    /** The amount is above a limit: somebody vouches for the person. */
    this.needsFactor = false;
    for (const way of ["t-insure-way", "t-insure-by"]) element(way).addEventListener("change", () => this.chosen());
    element("t-insure-try").addEventListener("click", () => this.tryIt());
    element("t-insure-send").addEventListener("click", () => this.send());
    // On the window: while something is asked the focus may be nowhere.
    window.addEventListener("keydown", (event) => element("t-insure-dialog").open && this.pressed(event));
  }

  /** @param {any} ticket */
  open(ticket) {
    this.ticket = ticket;
    this.isTried = this.needsFactor = false;
    this.offer(null);
    for (const field of ["t-insure-operator", "t-insure-password"]) element(field).value = "";
    this.orders.clear();
    this.orders.offer(ticket.lines.map((/** @type {any} */ line) => ({ line: line.line, code: "" })), ticket.lines);
    element("t-insure-problem").replaceChildren();
    openDialog("t-insure-dialog");
    this.chosen();
    element("t-insure-way").focus();
  }

  /** The insurances of whoever was asked about; before that nobody knows them. @param {any} person */
  offer(person) {
    const chosen = element("t-insure-kind").value;
    const first = made("option", text("after.insure.first"));
    first.setAttribute("value", "");
    const others = (person?.insurances ?? []).map((/** @type {any} */ one) => {
      const option = made("option", insuranceWords(one));
      option.setAttribute("value", one.kind);
      return option;
    });
    element("t-insure-kind").replaceChildren(first, ...others);
    element("t-insure-kind").value = others.some((/** @type {any} */ one) => one.value === chosen) ? chosen : "";
  }

  chosen() {
    show("t-insure-second", element("t-insure-by").value === "operator");
    show("t-insure-typed", element("t-insure-way").value === "typed");
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const pressed = { F8: "t-insure-try", F10: "t-insure-send" }[event.key];
    if (!pressed) return;
    event.preventDefault();
    element(pressed).click();
  }

  get said() {
    const way = element("t-insure-way").value;
    const typed = way === "typed" ? { by: "id", number: element("t-insure-number").value.trim(), name: element("t-insure-name").value.trim() } : { by: way };
    return { ...typed, insutype: element("t-insure-kind").value, ...this.orders.wishes };
  }

  get factor() {
    if (!this.needsFactor) return {};
    const by = element("t-insure-by").value;
    const second = by === "operator" ? { operator: element("t-insure-operator").value.trim(), password: element("t-insure-password").value } : {};
    return { factor: { by, ...second } };
  }

  tryIt() {
    return this.ask(async () => {
      this.isTried = false;
      const { amounts, person, needs_second_factor } = await call("POST", this.address, { ...this.said, is_trial: true }, {}, PERSON_MS);
      this.offer(person);
      this.needsFactor = needs_second_factor;
      put("t-insure-back", amount(Number(amounts.fee) - Number(amounts.cash)));
      drawSums(element("t-insure-sums"), [...sumsOf(amounts), [text("till.amount.cash"), amount(amounts.cash)]]);
      this.isTried = true;
    });
  }

  send() {
    return this.ask(async () => {
      const { said } = this;
      // Whoever vouches makes it no other request, and a password is not kept.
      await this.requests.once(this.address, { ...said, ...this.factor }, PERSON_MS, said);
      element("t-insure-dialog").close();
      await this.done();
    });
  }

  get address() {
    return `${API}/sales/${encodeURIComponent(this.ticket.sale)}/turn-insured`;
  }

  /** @param {() => Promise<void>} act */
  async ask(act) {
    if (this.isBusy) return;
    this.isBusy = true;
    element("t-insure-problem").replaceChildren();
    const way = element("t-insure-way").value;
    put("t-insure-wait", text(way === "typed" ? "till.wait.insurance" : `till.wait.${way}`));
    this.draw();
    try {
      await act();
    } catch (problem) {
      tellProblem(element("t-insure-problem"), problem);
    } finally {
      this.isBusy = false;
      this.draw();
    }
  }

  draw() {
    show("t-insure-wait", this.isBusy);
    show("t-insure-amounts", this.isTried);
    show("t-insure-factor", this.isTried && this.needsFactor);
    element("t-insure-try").disabled = this.isBusy;
    element("t-insure-send").disabled = this.isBusy || !this.isTried;
  }
}
