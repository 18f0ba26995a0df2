// The open sale or delivery on the right: its lines, its total, and what came of the last one.
import { amount, timeOfDay, unitPrice, whole } from "../format.js";
import { count, text } from "../words.js";

const PARTS = 10_000; // prices have at most four decimals; whole numbers keep the sums exact

/**
 * @typedef {object} Line
 * @property {number} line @property {string | null} name @property {string | null} spec @property {string | null} price
 * @property {number} quantity @property {string | null} [amount] @property {string[]} codes
 * @property {number | null} [units] smallest units, where its packs are sold in part; the price is then that of one
 */

export class Basket {
  constructor() {
    this.lines = /** @type {Map<number, Line>} */ (new Map());
    this.rows = /** @type {Map<number, HTMLElement>} */ (new Map());
    this.list = document.getElementById("c-lines");
    this.template = /** @type {HTMLTemplateElement} */ (document.getElementById("c-line")).content.firstElementChild;
    this.sale = /** @type {string | null} */ (null);
    /** The list that opens when this one ends. */
    this.waiting = /** @type {string | null} */ (null);
    /** Boxes on it. */
    this.waitingBoxes = 0;
    /** It is being paid: what is scanned goes on the next list. */
    this.isPaying = false;
    this.mode = /** @type {"dispense" | "receive"} */ ("dispense");
    this.totals = { boxes: 0, matched: 0, unmatched: 0, alarms: 0, amount: "0" };
    this.last = /** @type {any} */ (null);
  }

  get isEmpty() {
    return this.lines.size === 0;
  }

  /** What the list is made of: another one has to be tried with the insurance anew. */
  get signature() {
    return [this.sale, ...[...this.lines.values()].map((line) => `${line.line}x${line.quantity}x${line.units ?? ""}`)].join(" ");
  }

  /** Packs on the list, as the daemon last said. */
  get codes() {
    return [...this.lines.values()].flatMap((line) => line.codes);
  }

  /** Whether a pack is on the list. @param {string} code */
  holds(code) {
    return this.codes.includes(code);
  }

  /** Packs that are sold in part. */
  get codesInPart() {
    return new Set([...this.lines.values()].filter((line) => line.units).flatMap((line) => line.codes));
  }

  /** Show the sale as the daemon has it. @param {any} sale */
  show(sale) {
    this.sale = sale.id ?? null;
    this.waiting = sale.waiting ?? null;
    this.waitingBoxes = sale.waiting_boxes ?? 0;
    this.isPaying = sale.is_paying ?? false;
    this.mode = sale.mode;
    this.lines = new Map((sale.lines ?? []).map((/** @type {Line} */ line) => [line.line, line]));
    this.rows.clear();
    this.list.replaceChildren(...[...this.lines.values()].reverse().map((line) => this.row(line)));
    this.takeTotals(sale.totals);
  }

  /** A list was opened. @param {string} sale */
  begin(sale) {
    this.sale = sale;
    this.lines.clear();
    this.rows.clear();
    this.list.replaceChildren();
  }

  /** Add one scan to its line, ahead of the next full look. @param {import("./list.js").Scan} scan */
  add(scan) {
    const { line, quantity } = scan;
    const before = line === null ? undefined : this.lines.get(line);
    if (line === null || quantity === null || quantity <= (before?.quantity ?? 0)) return;
    const codes = [...(before?.codes ?? []), scan.code];
    this.lines.set(line, { line, name: scan.name, spec: scan.spec, price: scan.price, quantity, codes });
    this.rows.get(line)?.remove();
    this.list.prepend(this.row(this.lines.get(line)));
    this.tidy();
  }

  /** A scan went on the next list, ahead of the next full look. @param {number} boxes on that list now */
  wait(boxes) {
    this.waitingBoxes = boxes;
    this.isPaying = true;
    this.tidy();
  }

  /** @param {any} totals */
  takeTotals(totals) {
    this.totals = { ...this.totals, ...totals };
    this.tidy();
  }

  /** Remember what was closed. @param {any} receipt */
  remember(receipt) {
    this.last = receipt;
    this.tidy();
  }

  // -- inside --------------------------------------------------------------------------------------------------------

  /** @param {Line} line */
  row(line) {
    const row = /** @type {HTMLElement} */ (this.template.cloneNode(true));
    const [product, quantity, sum] = row.children;
    product.firstElementChild.textContent = line.name ?? text("counter.list.no_product");
    product.lastElementChild.textContent = [line.spec, this.unitPrice(line)].filter(Boolean).join(" · ");
    quantity.textContent = line.units ? count("counter.lines.units", line.units) : `×${line.quantity}`;
    if (!line.units) quantity.setAttribute("aria-label", count("counter.boxes", line.quantity));
    sum.textContent = this.mode === "dispense" ? amount(lineAmount(line)) : "";
    row.classList.toggle("c-line--unmatched", line.name === null);
    row.dataset.line = String(line.line);
    row.dataset.quantity = String(line.quantity);
    this.rows.set(line.line, row);
    return row;
  }

  /** @param {Line} line */
  unitPrice(line) {
    if (this.mode !== "dispense" || line.price === null) return "";
    if (line.units) return text("common.per_unit", { price: unitPrice(line.price) });
    return line.quantity > 1 ? amount(line.price) : "";
  }

  tidy() {
    const isSale = this.mode === "dispense";
    const { boxes } = this.totals;
    set("c-pay-title", text(isSale ? "counter.pay.total" : "counter.pay.received"));
    set("c-amount", isSale ? amount(this.totals.amount ?? "0") : count("counter.boxes", boxes, { n: whole(boxes) }));
    set("c-amount-sub", this.subtitle(isSale));
    set("c-sale-number", this.sale ?? "");
    for (const name of ["boxes", "matched", "unmatched", "alarms"]) set(`c-count-${name}`, whole(this.totals[name] ?? 0));
    const unpriced = isSale ? [...this.lines.values()].filter((line) => lineAmount(line) === null).length : 0;
    document.getElementById("c-unpriced").hidden = unpriced === 0;
    set("c-unpriced", count("counter.pay.unpriced", unpriced));
    this.drawPayment();
    document.getElementById("c-last").hidden = !(this.isEmpty && this.last);
    document.getElementById("c-lines-none").hidden = !this.isEmpty || Boolean(this.last);
    if (this.last) this.drawLast();
    document.dispatchEvent(new CustomEvent("yima:list"));
  }

  /** Whether this list is being paid, and what waits for the next one. */
  drawPayment() {
    const waiting = this.waitingBoxes > 0 ? count("counter.paying.waiting", this.waitingBoxes) : "";
    document.getElementById("c-paying").hidden = !this.isPaying && waiting === "";
    set("c-paying-text", [this.isPaying ? text("counter.paying.now") : "", waiting].filter(Boolean).join(text("common.sentence_joint")));
  }

  /** @param {boolean} isSale */
  subtitle(isSale) {
    const lines = count("counter.pay.lines", this.lines.size);
    return isSale ? `${count("counter.boxes", this.totals.boxes)} · ${lines}` : lines;
  }

  drawLast() {
    const { mode, sale, totals, closed_at: at, paid } = this.last;
    set("c-last-title", paid ? text("counter.last.insured") : text(mode === "dispense" ? "counter.last.sold" : "counter.last.received"));
    const pairs = [
      [text("counter.last.number"), sale],
      mode === "dispense" ? [text("counter.last.amount"), amount(totals.amount)] : null,
      paid ? [text("till.amount.cash"), amount(paid.cash)] : null,
      [text("counter.last.boxes"), whole(totals.boxes)],
      [text("counter.last.at"), timeOfDay(at)],
    ];
    document.getElementById("c-last-facts").replaceChildren(...pairs.filter(Boolean).flatMap(pair));
  }
}

/** A definition list's term and value. @param {[string, string]} both */
export function pair([name, value]) {
  const term = document.createElement("dt");
  const detail = document.createElement("dd");
  term.textContent = name;
  detail.textContent = value;
  return [term, detail];
}

/** @param {Line} line */
function lineAmount(line) {
  if (line.amount !== undefined) return line.amount;
  return line.price === null ? null : (Math.round(Number(line.price) * PARTS) * line.quantity) / PARTS;
}

/** @param {string} id @param {string} content */
function set(id, content) {
  const place = document.getElementById(id);
  // Only what changed, so that screen readers are not told the same again.
  if (place.textContent !== content) place.textContent = content;
}
