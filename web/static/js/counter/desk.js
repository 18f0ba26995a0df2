// What the operator does: sign in and out, close, cancel, remove, undo, change the mode, type a code by hand.
// One thing is done after the other, in the order of the keys. Each ends in an answer of the daemon or in a message
// with the way on; nothing is assumed to have happened.
import { call, Problem } from "../api.js";
import { text } from "../words.js";
import { openDialog } from "./dialogs.js";
import { element } from "./element.js";

const API = "/api/v1";

/** @typedef {{code: string, isSplit: boolean, undo: () => Promise<void>}} Doing */

export class Desk {
  /**
   * @param {object} parts
   * @param {import("./basket.js").Basket} parts.basket
   * @param {import("./list.js").ScanList} parts.list
   * @param {import("./alarms.js").Alarms} parts.alarms
   * @param {import("./messages.js").Messages} parts.messages
   * @param {() => boolean} parts.mayBeInsured whether this terminal speaks to the insurance
   * @param {() => Promise<void>} parts.refresh load the list again
   * @param {() => Promise<void>} parts.reload load everything again: somebody came or went
   */
  constructor({ basket, list, alarms, messages, mayBeInsured, refresh, reload }) {
    this.basket = basket;
    this.list = list;
    this.alarms = alarms;
    this.messages = messages;
    this.mayBeInsured = mayBeInsured;
    this.refresh = refresh;
    this.reload = reload;
    this.before = Promise.resolve();
    /** The key of the close that is under way; kept until it is answered, so that a repeat closes nothing twice. */
    this.closing = /** @type {{sale: string, key: string} | null} */ (null);
    /** The same of a return. */
    this.returning = /** @type {{asked: string, key: string} | null} */ (null);
    /** What can be undone of this list, the latest last. @type {Doing[]} */
    this.doings = [];
  }

  /** @param {string} operator @param {string} password */
  signIn(operator, password) {
    return this.next(async () => {
      await call("POST", `${API}/session`, { operator, password });
      await this.reload();
    });
  }

  signOut() {
    return this.next(async () => {
      await call("DELETE", `${API}/session`);
      await this.reload();
    });
  }

  /** @param {string} mode */
  setMode(mode) {
    return this.next(async () => {
      await call("PUT", `${API}/mode`, { mode });
      await this.refresh();
    });
  }

  /** @param {boolean} [isCash] said again, knowing that the insurance was asked about the list */
  close(isCash = false) {
    return this.next(() => this.closeNow(isCash), { label: text("counter.close.again"), act: () => this.close(isCash) });
  }

  /** @param {boolean} isCash */
  async closeNow(isCash) {
    const { sale, isEmpty, mode } = this.basket;
    if (isEmpty || !sale) return;
    if (this.alarms.isOpen) {
      this.messages.say("warn", text("counter.close.see_alarms"), text("counter.close.see_alarms_next"));
      this.alarms.point();
      return;
    }
    const person = mode === "dispense" && !isCash ? await this.personOf(sale) : null;
    if (person) return this.askForCash(person);
    if (this.closing?.sale !== sale) this.closing = { sale, key: crypto.randomUUID() };
    const path = mode === "dispense" ? `${API}/sale/close` : `${API}/delivery/close`;
    this.basket.remember(await call("POST", path, { sale }, { "idempotency-key": this.closing.key }));
    this.closing = null;
    await this.refresh();
  }

  /** Whom the insurance was asked about for this list. @param {string} sale @returns {Promise<{name: string} | null>} */
  async personOf(sale) {
    if (!this.mayBeInsured()) return null;
    return (await call("GET", `${API}/tickets/${encodeURIComponent(sale)}`)).person;
  }

  /** The key that settles within the dialog takes cash beside it: ask which is meant. @param {{name: string}} person */
  askForCash(person) {
    element("c-cash-what").textContent = text("counter.cash.what", person);
    openDialog("c-cash-dialog");
  }

  cancel() {
    return this.next(async () => {
      await call("POST", `${API}/sale/cancel`, { sale: this.basket.sale });
      await this.refresh();
    });
  }

  /** @param {string | null} code */
  remove(code) {
    return this.next(async () => {
      if (!code || !this.basket.holds(code)) return;
      await this.takeOff(code);
      this.doings.push({ code, isSplit: false, undo: () => this.putBack(code) });
      await this.refresh();
    });
  }

  undo() {
    return this.next(async () => {
      const doing = this.doings.pop();
      if (!doing) return;
      try {
        await doing.undo();
      } catch (problem) {
        if (problem instanceof Problem && problem.isUnanswered) this.doings.push(doing);
        throw problem;
      }
      await this.refresh();
    });
  }

  /** @param {string} code */
  async takeOff(code) {
    await call("DELETE", `${API}/sale/packs/${encodeURIComponent(code)}`);
    this.list.markRemoved(code);
  }

  /** @param {string} code */
  async putBack(code) {
    await call("PUT", `${API}/sale/packs/${encodeURIComponent(code)}`);
    this.list.markRestored(code);
  }

  /**
   * Sell so many smallest units of a pack on the list; all of it without a number.
   * @param {string} code @param {number | null} units
   */
  sellUnits(code, units) {
    if (units === null) return call("DELETE", `${API}/sale/units/${encodeURIComponent(code)}`);
    return call("PUT", `${API}/sale/units`, { code, units });
  }

  /** A pack was split: undoing lets it stand as before, or takes it off. @param {string} code @param {number | null | undefined} before */
  noteSplit(code, before) {
    this.doings.push({ code, isSplit: true, undo: () => (before === undefined ? this.takeOff(code) : this.sellUnits(code, before)) });
  }

  /** The sale that sold a box. @param {string} code @returns {Promise<any>} */
  findSold(code) {
    return call("GET", `${API}/sales?code=${encodeURIComponent(code)}`);
  }

  /** @param {string} sale @param {string[]} codes @param {string} reason */
  async takeBack(sale, codes, reason) {
    const asked = JSON.stringify([sale, codes, reason]);
    if (this.returning?.asked !== asked) this.returning = { asked, key: crypto.randomUUID() };
    const path = `${API}/sales/${encodeURIComponent(sale)}/return`;
    const answer = await call("POST", path, { codes, reason }, { "idempotency-key": this.returning.key });
    this.returning = null;
    return answer;
  }

  /**
   * Record a code that no driver read.
   * @param {string} raw @param {"typed" | "wedge"} entry by hand, or by a keyboard scanner
   * @returns {Promise<any>}
   */
  enter(raw, entry) {
    return call("POST", `${API}/scans`, { raw, entry });
  }

  /**
   * Do `act` when what was asked before is done.
   * @param {() => Promise<void>} act @param {{label: string, act: () => void}} [again] offered when nobody answered
   */
  next(act, again) {
    this.before = this.before.then(() => this.try(act, again));
    return this.before;
  }

  /** @param {() => Promise<void>} act @param {{label: string, act: () => void}} [again] */
  async try(act, again) {
    try {
      this.messages.clear();
      await act();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.messages.problem(problem, problem.isUnanswered ? again : undefined);
      if (problem.isSignedOut) await this.reload();
    }
  }
}
