// Selling a pack in part (拆零): which pack, on the list or opened before, how many of its smallest units, what they cost
// and what is left. A pack that is scanned meanwhile is the one that is meant.
import { call, Problem } from "../api.js";
import { openDialog } from "../counter/dialogs.js";
import { element } from "../counter/element.js";
import { made, put, show } from "../counter/rows.js";
import { amount, unitPrice, whole, writeCode } from "../format.js";
import { ours, text } from "../words.js";
import { drawSums, tellProblem } from "./problem.js";

const API = "/api/v1";
const PARTS = 10_000; // a unit's price has four decimals; whole numbers round as the daemon does

/**
 * @typedef {object} Pack
 * @property {string} code @property {string | null} name @property {string | null} spec
 * @property {number} size smallest units in a whole one @property {number} left of them in this one
 * @property {number | null} units on the list; null while the whole pack is
 * @property {boolean} is_opened something was sold of it before
 * @property {string | null} price of a unit; null if it is not known before the pack is on the list
 * @property {boolean} isListed
 */

export class Split {
  /** @param {import("../counter/page.js").Page} page */
  constructor(page) {
    this.page = page;
    this.dialog = /** @type {HTMLDialogElement} */ (element("t-split-dialog"));
    this.units = /** @type {HTMLInputElement} */ (element("t-split-units"));
    this.packs = /** @type {Pack[]} */ ([]);
    this.code = "";
    this.isBusy = false;
    /** The key of the pack that is being put on the list; kept until it was answered. */
    this.putting = { code: "", key: "" };
    element("t-split-form").addEventListener("submit", (event) => this.submit(event));
    element("t-split-packs").addEventListener("change", (event) => this.choose(event.target.value));
    element("t-split-whole").addEventListener("click", () => this.makeWhole());
    this.units.addEventListener("input", () => this.draw());
    this.units.addEventListener("keydown", (event) => this.pressed(event));
    for (const step of this.dialog.querySelectorAll("[data-step]")) step.addEventListener("click", () => this.step(Number(step.dataset.step)));
  }

  /** @returns {Pack | null} */
  get pack() {
    return this.packs.find((one) => one.code === this.code) ?? null;
  }

  async open() {
    const { list } = this.page;
    const wanted = list.removableCode() ?? list.newestOnList;
    element("t-split-problem").replaceChildren();
    this.packs = [];
    this.drawPacks();
    openDialog("t-split-dialog");
    await this.ask(() => this.load(wanted));
    this.point();
  }

  /** A pack was scanned. True if it is the one that is meant now. @param {import("../counter/list.js").Scan} scan */
  takeScan(scan) {
    if (!this.dialog.open || scan.line === null) return false;
    this.ask(() => this.load(scan.code)).then(() => this.point());
    return true;
  }

  /** @param {string | null} wanted code of the pack to choose, if it is there */
  async load(wanted) {
    const [listed, opened] = await Promise.all([call("GET", `${API}/sale/units`), call("GET", `${API}/opened-packs`)]);
    const codes = new Set(listed.map((/** @type {Pack} */ one) => one.code));
    this.packs = [
      ...listed.map((/** @type {Pack} */ one) => ({ ...one, isListed: true })),
      ...opened.filter((/** @type {any} */ one) => !codes.has(one.code)).map(fromOpened),
    ];
    this.choose(this.packs.some((one) => one.code === wanted) ? wanted : (this.packs[0]?.code ?? ""));
  }

  /** @param {string} code */
  choose(code) {
    this.code = code;
    this.units.value = String(this.pack?.units ?? "");
    this.drawPacks();
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.step(by);
  }

  /** @param {number} by */
  step(by) {
    const most = this.pack?.left ?? 1;
    this.units.value = String(Math.min(most, Math.max(1, (Number(this.units.value) || 0) + by)));
    this.draw();
  }

  /** @param {SubmitEvent} event */
  submit(event) {
    event.preventDefault();
    const { pack } = this;
    const units = Number(this.units.value);
    if (pack) this.finish(pack, () => this.sell(pack, units));
  }

  /** @param {Pack} pack @param {number} units */
  async sell(pack, units) {
    if (!pack.isListed) await this.putOnList(pack.code);
    await this.page.desk.sellUnits(pack.code, units);
    this.page.desk.noteSplit(pack.code, pack.isListed ? pack.units : undefined);
  }

  makeWhole() {
    const { pack } = this;
    if (!pack) return;
    this.finish(pack, async () => {
      await this.page.desk.sellUnits(pack.code, null);
      this.page.desk.noteSplit(pack.code, pack.units);
    });
  }

  /** @param {Pack} pack @param {() => Promise<void>} act */
  async finish(pack, act) {
    const isDone = await this.ask(async () => {
      try {
        await act();
      } catch (problem) {
        // It may have been done, or another counter was quicker: what is shown next is what there is.
        await this.load(pack.code).catch(() => null);
        throw problem;
      }
      await this.page.loadSale();
    });
    if (isDone) this.dialog.close();
    else this.point();
  }

  /** An opened pack that was picked goes on the list like one that was scanned. @param {string} code */
  async putOnList(code) {
    if (this.putting.code !== code) this.putting = { code, key: crypto.randomUUID() };
    const scan = await call("POST", `${API}/scans`, { raw: code, entry: "picked" }, { "idempotency-key": this.putting.key });
    this.putting = { code: "", key: "" };
    if (scan.line === null) throw new Problem(409, `verdict.${scan.verdict}`, ours(scan.words), ours(scan.hint));
  }

  /** One thing at a time. True if it went well. @param {() => Promise<void>} act */
  async ask(act) {
    if (this.isBusy) return false;
    this.isBusy = true;
    element("t-split-problem").replaceChildren();
    this.draw();
    try {
      await act();
      return true;
    } catch (problem) {
      tellProblem(element("t-split-problem"), problem);
      if (problem instanceof Problem && problem.isSignedOut) this.dialog.close();
      return false;
    } finally {
      this.isBusy = false;
      this.draw();
    }
  }

  /** The focus goes where the number is typed. */
  point() {
    if (!this.dialog.open) return;
    if (!this.pack) return element("t-split-dialog-title").focus();
    this.units.focus();
    this.units.select();
  }

  // -- showing ---------------------------------------------------------------------------------------------------------

  drawPacks() {
    element("t-split-packs").replaceChildren(...this.packs.map((pack) => this.row(pack)));
  }

  /** @param {Pack} pack */
  row(pack) {
    const row = made("label", "", "t-pack");
    const box = /** @type {HTMLInputElement} */ (made("input", ""));
    Object.assign(box, { type: "radio", name: "t-split-pack", value: pack.code, checked: pack.code === this.code });
    const name = made("span", "");
    name.append(made("b", pack.name ?? text("counter.list.no_product")), " ", pack.spec ?? "");
    const code = made("span", "", "y-code");
    writeCode(code, pack.code);
    row.append(box, name, made("span", stateWords(pack)), code);
    return row;
  }

  draw() {
    const { pack, isBusy } = this;
    const units = Number(this.units.value);
    const isRight = pack !== null && Number.isInteger(units) && units >= 1 && units <= pack.left;
    show("t-split-none", !isBusy && this.packs.length === 0);
    show("t-split-how", pack !== null);
    if (pack) {
      put("t-split-hint", text("till.split.hint", { left: whole(pack.left), size: whole(pack.size) }));
      drawSums(element("t-split-sums"), sumsOf(pack, isRight ? units : null));
    }
    show("t-split-whole", pack !== null && pack.isListed && pack.units !== null && !pack.is_opened);
    element("t-split-whole").disabled = isBusy;
    element("t-split-send").disabled = isBusy || !isRight;
  }
}

/** A pack that was opened before and is not on the list. @param {any} one @returns {Pack} */
function fromOpened({ code, name, spec, units, rest }) {
  return { code, name, spec, size: units, left: rest, units: null, is_opened: true, price: null, isListed: false };
}

/** @param {Pack} pack */
function stateWords({ size, left, units, is_opened: isOpened, isListed }) {
  if (isListed && units !== null) return text("till.split.on_list", { units: whole(units) });
  return isOpened ? text("till.split.left_of", { left: whole(left), size: whole(size) }) : text("till.split.holds", { size: whole(size) });
}

/** @param {Pack} pack @param {number | null} units @returns {[string, string][]} */
function sumsOf({ left, price }, units) {
  const isPriced = price !== null && units !== null;
  // Half up to the fen, in whole numbers.
  const sum = isPriced ? Math.floor((Math.round(Number(price) * PARTS) * units + PARTS / 200) / (PARTS / 100)) / 100 : null;
  return [
    [text("till.split.price"), unitPrice(price)],
    [text("till.split.sum"), amount(sum)],
    [text("till.split.rest"), units === null ? "—" : whole(left - units)],
  ];
}
