// The sale that was found, by a pack or by its number, and what can be done with it.
import { call, Problem } from "../api.js";
import { element } from "../counter/element.js";
import { made, mark, put, show } from "../counter/rows.js";
import { amount, writeCode } from "../format.js";
import { ours, oursOf, text } from "../words.js";
import { drawSums } from "../till/problem.js";
import { Requests } from "../till/requests.js";
import { sumsOf } from "../till/pay_view.js";
import { Insure } from "./insure.js";

const API = "/api/v1";
const INSURANCE_MS = 60_000;
const SALE_NUMBER = /-\d{8}-\d+$/;

export class Found {
  /** @param {import("../till/frame.js").Frame} frame @param {() => Promise<void>} load */
  constructor(frame, load) {
    this.frame = frame;
    this.load = load;
    this.ticket = /** @type {any} */ (null);
    /** A sale of another terminal: known by its number alone. */
    this.elsewhere = "";
    this.requests = new Requests();
    this.insure = new Insure(frame, this.requests, () => this.reload());
    element("t-find-form").addEventListener("submit", (event) => this.submitted(event, () => this.findTyped()));
    element("t-codes").addEventListener("change", () => this.draw());
    element("t-return").addEventListener("click", () => this.takeBack());
    element("t-cancel").addEventListener("click", () => this.cancel());
    element("t-insure").addEventListener("click", () => this.insure.open(this.ticket));
    element("t-tell").addEventListener("click", () => this.offerTelling(this.sale));
  }

  /** @param {Event} event @param {() => void} act */
  submitted(event, act) {
    event.preventDefault();
    act();
  }

  get sale() {
    return this.ticket?.sale ?? this.elsewhere;
  }

  get codes() {
    return [...element("t-codes").querySelectorAll("input:checked")].map((one) => one.value);
  }

  // -- finding ---------------------------------------------------------------------------------------------------------

  findTyped() {
    const box = element("t-find");
    return this.find(box.value.trim()).then(() => box.select());
  }

  /** A pack of a sale was scanned. @param {string} code */
  scanned(code) {
    if (document.querySelector("dialog[open]")) return;
    const box = [...element("t-codes").querySelectorAll("input")].find((one) => one.value === code);
    if (!box) return this.find(code);
    box.checked = true;
    this.draw();
  }

  /** A number of ours, or what is on a pack. @param {string} asked */
  find(asked) {
    if (!asked) return Promise.resolve(false);
    return this.frame.ask(async () => {
      this.show(null, "");
      const { sale, codes } = await this.saleOf(asked);
      const ticket = await this.ticketOf(sale);
      this.show(ticket, ticket ? "" : sale);
      if (!ticket) for (const code of codes) this.addCode(code, false);
      for (const box of element("t-codes").querySelectorAll("input")) if (box.value === asked) box.checked = true;
    });
  }

  /** The sale that is meant, and the packs of it that are out where another terminal sold it. @param {string} asked */
  async saleOf(asked) {
    try {
      const { sale } = await call("GET", `${API}/sales?code=${encodeURIComponent(asked)}`);
      return { sale, codes: [] };
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.isUnanswered || problem.isSignedOut) throw problem;
      // A sale's number is no code of a pack.
      if (SALE_NUMBER.test(asked)) return { sale: asked, codes: [] };
      if (!this.frame.isUp) throw problem;
      return call("POST", `${API}/sales/find`, { code: asked }, {}, INSURANCE_MS);
    }
  }

  /** None if another terminal sold it. @param {string} sale */
  async ticketOf(sale) {
    try {
      return await call("GET", `${API}/tickets/${encodeURIComponent(sale)}`);
    } catch (problem) {
      if (problem instanceof Problem && problem.code === "till.ticket_unknown") return null;
      throw problem;
    }
  }

  /** @param {any} ticket */
  changed(ticket) {
    if (ticket.sale === this.ticket?.sale) this.show(ticket, "");
  }

  async reload() {
    if (this.ticket) this.show(await this.ticketOf(this.ticket.sale), "");
    await this.load();
  }

  // -- doing -----------------------------------------------------------------------------------------------------------

  takeBack() {
    const { sale, codes } = this;
    const body = { codes, reason: element("t-reason").value };
    return this.frame.ask(
      async () => {
        try {
          const done = await this.requests.once(`${API}/sales/${encodeURIComponent(sale)}/return`, body, INSURANCE_MS);
          await this.reload();
          this.tell(done);
        } catch (problem) {
          if (problem instanceof Problem && problem.code === "till.unknown_there") this.offerTelling(sale);
          throw problem;
        }
      },
      undefined,
      text("after.return.wait"),
    );
  }

  /** The centre has lost what was settled here. @param {string} sale */
  offerTelling(sale) {
    this.frame.askFor({ title: text("after.tell.title"), says: text("after.tell.text"), send: text("after.tell.send"), fields: [] }, async () => {
      const done = await this.requests.once(`${API}/sales/${encodeURIComponent(sale)}/tell-again`, {}, INSURANCE_MS);
      await this.reload();
      this.tell(done);
    });
  }

  cancel() {
    const { sale } = this;
    const fields = [{ name: "reason", label: text("counter.return.reason") }];
    this.frame.askFor({ title: text("after.cancel.title"), says: text("after.cancel.text", { sale }), send: text("after.cancel.send"), fields }, async (said) => {
      const done = await this.requests.once(`${API}/sales/${encodeURIComponent(sale)}/cancel`, said, INSURANCE_MS);
      await this.reload();
      this.tell(done);
    });
  }

  /** What to give back or take, as far as it is known. @param {any} done */
  tell(done) {
    const words = done.step ? moneyWords(done) : text("after.return.done", { n: done.codes.length });
    element("t-problem").replaceChildren(made("p", words, "y-message y-message--ok"));
  }

  // -- showing ---------------------------------------------------------------------------------------------------------

  /** @param {any} ticket @param {string} elsewhere */
  show(ticket, elsewhere) {
    const chosen = ticket && ticket.sale === this.ticket?.sale ? this.codes : [];
    this.ticket = ticket;
    this.elsewhere = elsewhere;
    show("t-sale", this.sale !== "");
    element("t-codes").replaceChildren();
    put("t-sale-number", this.sale);
    if (ticket) this.showTicket(ticket, chosen);
    else this.showElsewhere();
    this.draw();
  }

  /** @param {any} ticket @param {string[]} chosen */
  showTicket(ticket, chosen) {
    const isPaid = ticket.standing === "settled";
    element("t-sale-state").replaceChildren(mark(isPaid ? "ok" : "quiet", isPaid ? "check" : "receipt", ours(ticket.notice)));
    put("t-sale-more", [text("after.find.opened", { at: new Date(ticket.opened_at).toLocaleString("zh-CN") }), oursOf(ticket.told)].filter(Boolean).join(" · "));
    drawSums(element("t-sale-sums"), ticket.paid && isPaid ? [...sumsOf(ticket.paid.amounts), [text("till.amount.cash"), amount(ticket.paid.amounts.cash)]] : [[text("till.amount.fee"), amount(ticket.totals.amount)]]);
    for (const line of ticket.lines) for (const code of line.codes) this.addCode(code, chosen.includes(code), line.name);
    this.markReturned(ticket.came_back);
  }

  /** What came back cannot come back again. @param {string[]} codes */
  markReturned(codes) {
    for (const box of element("t-codes").querySelectorAll("input")) {
      if (!codes.includes(box.value)) continue;
      box.checked = false;
      box.disabled = true;
      box.parentElement.classList.add("t-came-back");
      box.parentElement.append(made("span", text("after.return.came_back")));
    }
  }

  showElsewhere() {
    element("t-sale-state").replaceChildren();
    put("t-sale-more", this.elsewhere ? text("after.find.elsewhere") : "");
    element("t-sale-sums").replaceChildren();
  }

  /** @param {string} code @param {boolean} isChosen @param {string | null} [name] */
  addCode(code, isChosen, name) {
    const label = made("label", "");
    const box = /** @type {HTMLInputElement} */ (made("input", ""));
    Object.assign(box, { type: "checkbox", value: code, checked: isChosen });
    const shown = made("span", "", "y-code");
    writeCode(shown, code);
    label.append(box, shown, made("span", name ?? ""));
    element("t-codes").append(label);
    this.draw();
  }

  draw() {
    const { frame, ticket } = this;
    const isInsured = ticket ? ticket.paid_by === "insured" : this.elsewhere !== "";
    const isClosed = ticket ? ticket.place === "closed" : this.elsewhere !== "";
    const isOpen = ["asked", "unknown", "undoing", "undoing_unknown"].includes(ticket?.standing);
    const isStopped = isInsured && !frame.isUp;
    const canDo = frame.isWorking && isClosed && !isOpen && !isStopped;
    element("t-return").disabled = !canDo || this.codes.length === 0;
    element("t-cancel").disabled = !canDo || !isInsured;
    show("t-tell", ["settled", "undone"].includes(ticket?.standing));
    element("t-tell").disabled = !canDo || !frame.isUp;
    element("t-insure").disabled = !canDo || !frame.isUp || ticket?.paid_by !== "self_pay";
    put("t-sale-why", isOpen ? ours(ticket.notice) : !isClosed && this.sale ? text("after.find.not_closed") : isStopped ? text("after.offline") : "");
  }
}

/** What an undertaking means for the drawer. @param {any} one */
export function moneyWords(one) {
  if (one.outcome && !["done", "self_paid", "elsewhere"].includes(one.outcome)) return text(`after.outcome.${one.outcome}`);
  if (one.cash_back === null) return text("after.under.money_unknown");
  const yuan = Number(one.cash_back);
  const cash = yuan === 0 ? text("after.under.money_none") : text(yuan > 0 ? "after.under.give_back" : "after.under.take", { cash: amount(Math.abs(yuan)) });
  const account = one.after ? accountOf(one.before) - accountOf(one.after) : 0;
  return account > 0 ? `${cash} ${text("after.under.account_back", { sum: amount(account) })}` : cash;
}

/** @param {any} money */
function accountOf({ account, mutual_aid: family }) {
  return Number(account) + Number(family);
}
