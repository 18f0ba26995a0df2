// Sales with the insurance and sales that lie aside, as far as the counter always knows of them: how many lie aside, and
// what became of a settlement while nobody looked. The dialogs are loaded when one is opened.
import { call, Problem } from "../api.js";
import { amount } from "../format.js";
import { count, ours, oursOf, text } from "../words.js";
import { put } from "./rows.js";

const API = "/api/v1";
const IDLE_MS = 5_000;

export class Tickets {
  /** @param {import("./page.js").Page} page */
  constructor(page) {
    this.page = page;
    this.dialogs = /** @type {Promise<import("../till/dialogs.js").TillDialogs> | null} */ (null);
    this.loaded = /** @type {import("../till/dialogs.js").TillDialogs | null} */ (null);
    /** Sales of which the settlement was seen under way. */
    this.asked = /** @type {Set<string>} */ (new Set());
  }

  /** Fetch the dialogs ahead, when there is nothing else to do. */
  prepare() {
    window.requestIdleCallback(() => this.load().catch(() => null), { timeout: IDLE_MS });
  }

  /** Whether a scan picks a pack to be sold in part; then it is no second one. @param {import("./list.js").Scan} scan */
  takeScan(scan) {
    return this.loaded?.split.takeScan(scan) ?? false;
  }

  /** @param {"pay" | "hold" | "held" | "split"} name */
  async open(name) {
    try {
      (await this.load())[name].open();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.page.messages.problem(problem);
    }
  }

  async load() {
    this.dialogs ??= import("../till/dialogs.js").then((module) => new module.TillDialogs(this.page));
    try {
      this.loaded = await this.dialogs;
    } catch {
      this.dialogs = null;
      throw new Problem(0, "screen.no_answer", text("problem.no_answer"), text("problem.no_answer_next"));
    }
    return this.loaded;
  }

  /** How many lie aside. */
  async count() {
    try {
      const { tickets } = await call("GET", `${API}/tickets`);
      put("c-held-text", tickets.length === 0 ? text("counter.held.none") : count("counter.held.open", tickets.length));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
  }

  /** What the bus says of one. @param {any} ticket */
  take(ticket) {
    const isSeen = this.loaded?.take(ticket) ?? false;
    const isOver = !["asked", "unknown"].includes(ticket.standing);
    const wasAsked = this.asked.delete(ticket.sale);
    if (!isOver) this.asked.add(ticket.sale);
    if (ticket.standing === "settled" && ticket.place === "closed") this.settled(ticket, isSeen);
    else if (isOver && wasAsked && !isSeen) this.page.messages.say("warn", text("counter.ticket.not_settled", { sale: ticket.sale }), oursOf(ticket.told) || ours(ticket.notice));
    this.count();
  }

  /** @param {any} ticket @param {boolean} isSeen */
  settled({ sale, totals, paid }, isSeen) {
    this.page.basket.remember({ mode: "dispense", sale, totals, closed_at: paid.at, paid: paid.amounts });
    if (!isSeen) this.page.messages.say("warn", text("counter.ticket.settled", { sale }), text("counter.ticket.take", { cash: amount(paid.amounts.cash) }));
  }
}
