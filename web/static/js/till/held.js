// Sales that lie aside: put there by somebody, or because nobody knows yet what became of their settlement.
import { call } from "../api.js";
import { openDialog } from "../counter/dialogs.js";
import { element } from "../counter/element.js";
import { made, mark, show } from "../counter/rows.js";
import { age, amount } from "../format.js";
import { count, ours, oursOf, text } from "../words.js";
import { button, tellProblem } from "./problem.js";
import { Requests } from "./requests.js";
import { printSlip } from "./slip.js";

const API = "/api/v1";
const INSURANCE_MS = 60_000;

export class Hold {
  /** @param {import("../counter/page.js").Page} page */
  constructor(page) {
    this.page = page;
    this.key = "";
    this.sale = "";
    element("t-hold-form").addEventListener("submit", (event) => this.submit(event));
  }

  open() {
    this.sale = this.page.basket.sale ?? "";
    this.key = crypto.randomUUID();
    element("t-hold-problem").replaceChildren();
    element("t-note").value = "";
    openDialog("t-hold-dialog");
    element("t-note").focus();
  }

  /** @param {SubmitEvent} event */
  async submit(event) {
    event.preventDefault();
    const send = element("t-hold-send");
    if (send.disabled) return;
    send.disabled = true;
    try {
      const slip = await call("POST", `${API}/ticket/hold`, { sale: this.sale, note: element("t-note").value.trim() }, { "idempotency-key": this.key });
      element("t-hold-dialog").close();
      if (element("t-hold-print").checked) printSlip(slip);
      await this.page.loadSale();
      this.page.messages.say("ok", text("till.hold.done", { sale: slip.sale }), text("till.hold.done_next"));
    } catch (problem) {
      tellProblem(element("t-hold-problem"), problem);
    } finally {
      send.disabled = false;
    }
  }
}

export class Held {
  /** @param {import("../counter/page.js").Page} page */
  constructor(page) {
    this.page = page;
    this.isBusy = false;
    this.requests = new Requests();
    this.dialog = /** @type {HTMLDialogElement} */ (element("t-held-dialog"));
  }

  async open() {
    element("t-held-problem").replaceChildren();
    openDialog("t-held-dialog");
    await this.load();
    this.dialog.querySelector(".t-ticket button:not(:disabled)")?.focus();
  }

  /** Something about a ticket has changed. */
  take() {
    if (this.dialog.open) this.load();
  }

  async load() {
    try {
      const { tickets } = await call("GET", `${API}/tickets`);
      show("t-held-open", !this.page.basket.isEmpty && tickets.length > 0);
      show("t-held-none", tickets.length === 0);
      element("t-held-list").replaceChildren(...tickets.map((/** @type {any} */ one) => this.row(one)));
    } catch (problem) {
      tellProblem(element("t-held-problem"), problem);
    }
  }

  /** @param {any} ticket */
  row(ticket) {
    const row = made("li", "", "t-ticket");
    const title = made("p", "");
    const isAsked = ticket.standing === "asked" || ticket.standing === "unknown";
    title.append(made("b", ticket.sale), " ", isAsked ? mark("notice", "question", text("till.held.unknown")) : mark("quiet", "clock", text("till.held.aside")));
    const facts = [count("counter.boxes", ticket.totals.boxes), age(ticket.aside_at ?? ticket.opened_at), ticket.note, oursOf(ticket.told)];
    row.append(title, made("p", amount(ticket.totals.amount), "t-ticket__sum"), made("p", facts.filter(Boolean).join(" · "), "t-ticket__more"));
    row.append(made("p", ticket.lines.map((/** @type {any} */ line) => `${line.name ?? text("counter.list.no_product")} ×${line.units ?? line.quantity}`).join(text("common.list_joint")), "t-ticket__more"));
    if (isAsked) row.append(made("p", ours(ticket.notice), "t-ticket__more"));
    row.append(this.buttons(ticket));
    return row;
  }

  /** @param {any} ticket */
  buttons(ticket) {
    const buttons = made("div", "", "t-buttons");
    const take = button(text(this.page.basket.isEmpty ? "till.held.take_up" : "till.held.swap"), "y-button--primary", () => this.takeUp(ticket.sale));
    take.disabled = !ticket.works.take_up || this.isBusy;
    buttons.append(take, button(text("till.held.print"), "", () => printSlip(ticket)));
    return buttons;
  }

  /** @param {string} sale */
  async takeUp(sale) {
    if (this.isBusy) return;
    this.isBusy = true;
    for (const one of this.dialog.querySelectorAll(".t-ticket .y-button--primary")) one.disabled = true;
    try {
      await this.requests.once(`${API}/tickets/${encodeURIComponent(sale)}/take-up`, { holds_open: !this.page.basket.isEmpty }, INSURANCE_MS);
      this.dialog.close();
      await this.page.loadSale();
    } catch (problem) {
      tellProblem(element("t-held-problem"), problem);
    } finally {
      this.isBusy = false;
      if (this.dialog.open) this.load();
    }
  }
}
