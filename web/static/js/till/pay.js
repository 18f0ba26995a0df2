// The insured sale: who pays, what it would come to, a second factor, the settlement. One thing is asked at a time, and
// while it is asked nothing else can be pressed. What is settled once is never asked again: the terminal holds that.
import { call, Problem } from "../api.js";
import { openDialog } from "../counter/dialogs.js";
import { element } from "../counter/element.js";
import { text } from "../words.js";
import { tellProblem } from "./problem.js";
import { Orders } from "./orders.js";
import { PayView } from "./pay_view.js";

const API = "/api/v1";
/** A person looks for a card; the device gives up earlier. */
const PERSON_MS = 180_000;
const INSURANCE_MS = 60_000;

export class Pay {
  /** @param {import("../counter/page.js").Page} page */
  constructor(page) {
    this.page = page;
    this.dialog = /** @type {HTMLDialogElement} */ (element("t-pay-dialog"));
    this.orders = new Orders();
    this.view = new PayView();
    this.waitsFor = "";
    this.forget("");
    this.connect();
  }

  /** @param {string} sale */
  forget(sale) {
    this.sale = sale;
    this.person = /** @type {any} */ (null);
    this.trial = /** @type {any} */ (null);
    this.ticket = /** @type {any} */ (null);
    this.isConfirmed = false;
    /** The list as it was tried. */
    this.tried = "";
    this.key = "";
    for (const id of ["t-number", "t-name", "t-second-password"]) element(id).value = "";
    this.orders.clear();
  }

  connect() {
    for (const way of this.dialog.querySelectorAll("[data-way]")) way.addEventListener("click", () => this.identify({ by: way.dataset.way }));
    for (const way of this.dialog.querySelectorAll("[data-factor]")) way.addEventListener("click", () => this.confirm({ by: way.dataset.factor }));
    element("t-typed").addEventListener("submit", (event) => this.submitted(event, () => this.identifyTyped()));
    element("t-orders").addEventListener("submit", (event) => this.submitted(event, () => this.tryIt()));
    element("t-second").addEventListener("submit", (event) => this.submitted(event, () => this.confirmSecond()));
    element("t-other").addEventListener("click", () => this.another());
    element("t-settle").addEventListener("click", () => this.settle());
    for (const id of ["t-insurance", "t-account"]) element(id).addEventListener("change", () => this.tryIt());
    // On the window: while something is asked the focus may be nowhere.
    window.addEventListener("keydown", (event) => this.dialog.open && this.pressed(event));
    document.addEventListener("yima:list", () => this.dialog.open && this.draw());
  }

  /** @param {Event} event @param {() => void} act */
  submitted(event, act) {
    event.preventDefault();
    act();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const pressed = { F8: "t-try", F10: "t-settle" }[event.key];
    if (!pressed) return;
    event.preventDefault();
    element(pressed).click();
  }

  // -- what is asked ---------------------------------------------------------------------------------------------------

  open() {
    const { sale } = this.page.basket;
    if (!sale) return;
    if (sale !== this.sale) this.forget(sale);
    this.view.clearProblem();
    openDialog("t-pay-dialog");
    this.draw();
    this.look();
  }

  /** How the sale stands; who was identified for it is known to the terminal. */
  look() {
    return this.ask("", async () => {
      this.ticket = await call("GET", `${API}/tickets/${encodeURIComponent(this.sale)}`);
      if (this.ticket.person && !this.person) await this.identified(this.ticket.person);
      else if (!this.ticket.person) this.person = this.trial = null;
    });
  }

  /** @param {object} shown */
  identify(shown) {
    const waits = shown.number ? "till.wait.insurance" : `till.wait.${shown.by}`;
    return this.ask(text(waits), async () => {
      this.person = this.trial = null;
      await this.identified(await call("POST", `${API}/ticket/person`, { sale: this.sale, ...shown }, {}, PERSON_MS));
    });
  }

  identifyTyped() {
    const [number, name] = [element("t-number"), element("t-name")];
    return this.identify({ by: "id", number: number.value.trim(), name: name.value.trim() });
  }

  /** Who it is is known: the amounts follow at once. @param {any} person */
  async identified(person) {
    this.person = person;
    for (const id of ["t-number", "t-name"]) element(id).value = "";
    this.view.offer(person);
    await this.tryNow();
  }

  another() {
    return this.ask("", async () => {
      this.ticket = await call("DELETE", `${API}/ticket/person/${encodeURIComponent(this.sale)}`);
      this.person = this.trial = null;
      this.draw();
    });
  }

  tryIt() {
    return this.ask(text("till.wait.trial"), () => this.tryNow());
  }

  async tryNow() {
    this.view.wait(text("till.wait.trial"));
    this.trial = null;
    this.isConfirmed = false;
    const list = this.page.basket.signature;
    const wishes = { insutype: element("t-insurance").value, uses_account: element("t-account").checked, ...this.orders.wishes };
    this.trial = await call("POST", `${API}/ticket/trial`, { sale: this.sale, ...wishes }, {}, INSURANCE_MS);
    this.orders.offer(this.trial.lacks, [...this.page.basket.lines.values()]);
    this.tried = list;
    this.key = crypto.randomUUID();
  }

  /** @param {object} proof */
  confirm(proof) {
    const waits = proof.by === "operator" ? "" : text(`till.wait.${proof.by}`);
    return this.ask(waits, async () => {
      await call("POST", `${API}/ticket/confirm`, { sale: this.sale, ...proof }, {}, PERSON_MS);
      this.isConfirmed = true;
    });
  }

  confirmSecond() {
    const [name, password] = [element("t-second-name"), element("t-second-password")];
    const proof = { by: "operator", operator: name.value.trim(), password: password.value };
    password.value = "";
    return this.confirm(proof);
  }

  settle() {
    if (!this.isReady) return Promise.resolve();
    return this.ask(text("till.wait.settle"), async () => {
      this.ticket = await call("POST", `${API}/ticket/settle`, { sale: this.sale }, { "idempotency-key": this.key }, INSURANCE_MS);
      // Another try is another request: this one has its answer.
      if (this.ticket.standing === "none") this.trial = null;
    });
  }

  // -- how it stands ---------------------------------------------------------------------------------------------------

  /** The list was tried as it is now, and nothing is missing. */
  get isReady() {
    const isConfirmed = !this.trial?.needs_second_factor || this.isConfirmed;
    return !this.waitsFor && Boolean(this.trial?.amounts) && !this.hasChanged && isConfirmed && !this.isOver;
  }

  get hasChanged() {
    return this.trial !== null && this.page.basket.sale === this.sale && this.tried !== this.page.basket.signature;
  }

  /** It was asked for: settled, or not known yet. */
  get isOver() {
    return Boolean(this.ticket) && this.ticket.standing !== "none" && this.ticket.standing !== "undone";
  }

  /** What the bus says. True if this dialog shows it. @param {any} ticket */
  take(ticket) {
    if (ticket.sale !== this.sale) return false;
    this.ticket = ticket;
    if (ticket.standing === "none" && ticket.told) this.trial = null;
    if (this.dialog.open) this.draw();
    return this.dialog.open;
  }

  /** Ask one thing; until it is answered nothing else can be pressed. @param {string} waits @param {() => Promise<void>} act */
  async ask(waits, act) {
    if (this.waitsFor) return;
    this.waitsFor = waits || text("till.wait.terminal");
    this.view.clearProblem();
    this.draw();
    try {
      await act();
    } catch (problem) {
      tellProblem(element("t-pay-problem"), problem);
      if (problem instanceof Problem && problem.isSignedOut) this.dialog.close();
    } finally {
      this.waitsFor = "";
      this.draw();
      this.view.keepFocus(this);
    }
  }

  draw() {
    this.view.draw(this);
  }
}
