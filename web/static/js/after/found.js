// The sale that was found, by a pack or by its number, and what can be done with it.
import { call, Problem } from "../api.js";
import { element } from "../counter/element.js";
import { made, mark, put, show } from "../counter/rows.js";
import { amount, moment, writeCode } from "../format.js";
import { ours, oursOf, text } from "../words.js";
import { drawSums } from "../till/problem.js";
import { Requests } from "../till/requests.js";
import { sumsOf } from "../till/pay_view.js";
import { Insure } from "./insure.js";

const API = "/api/v1";
const INSURANCE_MS = 60_000;
/** A person looks for a card; the device gives up earlier. */
const PERSON_MS = 180_000;
/** The centre went back to a backup. */
const LOST = new Set(["till.unknown_there", "till.return_lost"]);
const SALE_NUMBER = /-\d{8}-\d+$/;

/** @typedef {{sale: string, codes: string[], amounts: any}} Elsewhere packs that are still out; amounts null if only its number is known */

export class Found {
  /** @param {import("../till/frame.js").Frame} frame @param {() => Promise<void>} load */
  constructor(frame, load) {
    this.frame = frame;
    this.load = load;
    this.ticket = /** @type {any} */ (null);
    /** A sale of another terminal, as far as it is known here. @type {Elsewhere | null} */
    this.elsewhere = null;
    this.requests = new Requests();
    this.insure = new Insure(frame, this.requests, () => this.reload());
    element("t-find-form").addEventListener("submit", (event) => this.submitted(event, () => this.findTyped()));
    element("t-codes").addEventListener("change", () => this.draw());
    element("t-return").addEventListener("click", () => this.takeBack());
    for (const way of element("t-return-again").querySelectorAll("[data-way]")) way.addEventListener("click", () => this.takeBack(way.dataset.way));
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
    return this.ticket?.sale ?? this.elsewhere?.sale ?? "";
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
      this.show(null, null);
      const found = await this.saleOf(asked);
      const ticket = await this.ticketOf(found.sale);
      this.show(ticket, ticket ? null : found);
      for (const box of element("t-codes").querySelectorAll("input")) if (box.value === asked) box.checked = true;
    });
  }

  /** The sale that is meant, and what is known of it where another terminal sold it. @param {string} asked @returns {Promise<Elsewhere>} */
  async saleOf(asked) {
    try {
      const { sale } = await call("GET", `${API}/sales?code=${encodeURIComponent(asked)}`);
      return { sale, codes: [], amounts: null };
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.isUnanswered || problem.isSignedOut) throw problem;
      // A sale's number is no code of a pack.
      if (SALE_NUMBER.test(asked)) return { sale: asked, codes: [], amounts: null };
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
    if (ticket.sale === this.ticket?.sale) this.show(ticket, null);
  }

  /** @param {string[]} [gone] packs that have just come back */
  async reload(gone = []) {
    if (this.ticket) this.show(await this.ticketOf(this.ticket.sale), null);
    else if (this.elsewhere) this.show(null, await this.leftOf(this.elsewhere, gone));
    await this.load();
  }

  /** What is still out of another terminal's sale, as that terminal and the centre have it now. @param {Elsewhere} before @param {string[]} gone @returns {Promise<Elsewhere | null>} */
  async leftOf({ codes }, gone) {
    const left = codes.find((code) => !gone.includes(code));
    return left === undefined ? null : call("POST", `${API}/sales/find`, { code: left }, {}, INSURANCE_MS);
  }

  // -- doing -----------------------------------------------------------------------------------------------------------

  /** @param {string} [by] how whose insurance pays shows who they are, where what was shown before will not do */
  takeBack(by) {
    const { sale, codes } = this;
    const body = { codes, reason: element("t-reason").value, ...(by ? { by } : {}) };
    return this.frame.ask(
      async () => {
        try {
          const done = await this.requests.once(`${API}/sales/${encodeURIComponent(sale)}/return`, body, by ? PERSON_MS : INSURANCE_MS);
          show("t-return-again", false);
          await this.reload(done.codes);
          this.tell(done);
          element("t-find").focus();
        } catch (problem) {
          if (problem instanceof Problem && problem.code === "till.rest_refused") show("t-return-again", true);
          if (problem instanceof Problem && LOST.has(problem.code)) this.offerTelling(sale);
          throw problem;
        }
      },
      undefined,
      text(by ? `till.wait.${by}` : "after.return.wait"),
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

  /** @param {any} ticket @param {Elsewhere | null} elsewhere */
  show(ticket, elsewhere) {
    if ((ticket ?? elsewhere)?.sale !== this.sale) show("t-return-again", false);
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
    put("t-sale-more", [text("after.find.opened", { at: moment(ticket.opened_at) }), oursOf(ticket.told)].filter(Boolean).join(" · "));
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
    const { codes, amounts } = this.elsewhere ?? { codes: [], amounts: null };
    put("t-sale-more", this.elsewhere ? text("after.find.elsewhere") : "");
    drawSums(element("t-sale-sums"), amounts ? [...sumsOf(amounts), [text("till.amount.cash"), amount(amounts.cash)]] : []);
    for (const code of codes) this.addCode(code, false);
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
    const isInsured = ticket ? ticket.paid_by === "insured" : this.elsewhere !== null;
    const isClosed = ticket ? ticket.place === "closed" : this.elsewhere !== null;
    const isOpen = ["asked", "unknown", "undoing", "undoing_unknown"].includes(ticket?.standing);
    const isStopped = isInsured && !frame.isUp;
    const canDo = frame.isWorking && isClosed && !isOpen && !isStopped;
    element("t-return").disabled = !canDo || this.codes.length === 0;
    // Its packs have left with the counter that sold them: elsewhere they come back as a return.
    element("t-cancel").disabled = !canDo || !isInsured || !ticket;
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
