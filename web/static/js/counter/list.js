// The scans, newest on top. A few hundred rows stand in the page; older ones are folded into one line and kept here.
import { amount, whole, writeCode } from "../format.js";
import { count, has, ours, text } from "../words.js";

const STEP = 200;
const FRESH = 50; // beyond this many rows browsers stop painting: what is below costs nothing when a scan comes in
const ROW_PX = 48;
const KEPT = 5_000;
const NEXT = 1 / 1024;

/** The shape that stands for each verdict; the word stands beside it. @type {Record<string, string>} */
const SHAPES = {
  added: "check",
  unmatched: "question",
  already_in_sale: "twice",
  sold_here: "alert",
  sold_at_site: "alert",
  sold_elsewhere: "alert",
  quarantined: "alert",
  expired: "alert",
  received_here: "twice",
  sign_in_first: "person",
  carton: "alert",
  placeholder: "alert",
  wrong_code_type: "refused",
  not_individual: "refused",
  unreadable: "refused",
  credential: "person",
  removed: "back",
};

/** @type {Record<string, (scan: Scan) => boolean>} */
const FILTERS = {
  all: () => true,
  matched: (scan) => scan.verdict === "added",
  unmatched: (scan) => scan.verdict === "unmatched",
  alarms: (scan) => scan.tone === "alarm",
};

/**
 * @typedef {object} Scan what the bus and the API say of one scan
 * @property {number | null} id null for a credential, which is not kept @property {string} code @property {string} verdict @property {"ok" | "notice" | "alarm"} tone
 * @property {{zh: string, en: string}} words @property {{zh: string, en: string} | null} hint
 * @property {string | null} name @property {string | null} spec @property {string | null} class @property {string | null} price
 * @property {number | null} line @property {number | null} quantity @property {string | null} sale
 * @property {boolean} [is_next] it is on the list after the one that is being paid
 * @property {number} [units] that an opened pack stands for
 * @property {boolean} [isRemoved] set here @property {boolean} [isInPart] set here
 */

export class ScanList {
  /** @param {(code: string) => void} remove what to do when a row's button is pressed */
  constructor(remove) {
    this.remove = remove;
    this.list = document.getElementById("c-list");
    this.fresh = document.getElementById("c-fresh");
    this.older = document.getElementById("c-older");
    this.template = /** @type {HTMLTemplateElement} */ (document.getElementById("c-row")).content.firstElementChild;
    this.earlier = document.getElementById("c-earlier");
    this.scans = /** @type {Map<number, Scan>} */ (new Map()); // oldest first
    this.numbers = /** @type {Map<number, number>} */ (new Map());
    this.total = 0;
    this.newest = 0;
    this.shown = STEP;
    this.filter = "all";
    document.getElementById("c-earlier-open").addEventListener("click", () => this.showMore());
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.list.addEventListener("focusin", (event) => this.select(event.target.closest(".c-row")));
  }

  get isEmpty() {
    return this.scans.size === 0;
  }

  get rowCount() {
    return this.fresh.childElementCount + this.older.childElementCount;
  }

  /** Take one scan. False if it is known already. @param {Scan} scan */
  add(scan) {
    // A credential has no number, because nothing of it is kept: it gets a place behind the newest scan.
    if (scan.id === null) scan.id = this.newest + NEXT;
    if (this.scans.has(scan.id)) return false;
    this.keep(scan);
    if (FILTERS[this.filter](scan)) {
      this.fresh.prepend(this.row(scan));
      if (this.fresh.childElementCount > FRESH) this.older.prepend(this.fresh.lastElementChild);
      if (this.rowCount > this.shown) this.older.lastElementChild.remove();
    }
    this.tidy();
    return true;
  }

  /** Take what the server has, beside what came meanwhile. @param {Scan[]} scans */
  fill(scans) {
    const all = new Map([...this.scans, ...scans.map((scan) => /** @type {[number, Scan]} */ ([scan.id, scan]))]);
    this.forget();
    for (const scan of [...all.values()].sort((a, b) => a.id - b.id)) this.keep(scan);
    this.draw();
  }

  /** Show a scan as it is now. @param {Scan} scan */
  update(scan) {
    if (!this.scans.has(scan.id)) return;
    this.scans.set(scan.id, scan);
    const before = this.list.querySelector(`[data-id="${scan.id}"]`);
    if (!before) return;
    const hadFocus = before.contains(document.activeElement);
    const row = this.row(scan);
    before.replaceWith(row);
    if (hadFocus) row.focus();
    this.tidy();
  }

  /** @param {string} code */
  markRemoved(code) {
    for (const scan of this.scans.values()) {
      if (scan.code === code && isOnList(scan)) this.update({ ...scan, isRemoved: true });
    }
  }

  /** Show the newest scan of a box that was put back as it was before. @param {string} code */
  markRestored(code) {
    const scans = [...this.scans.values()].filter((scan) => scan.code === code);
    const newest = scans.findLast((scan) => scan.isRemoved);
    if (newest && !scans.some(isOnList)) this.update({ ...newest, isRemoved: false });
  }

  /** Say which packs are sold in part: a whole one's price would be wrong beside them. @param {Set<string>} codes */
  markInPart(codes) {
    for (const scan of this.scans.values()) {
      const isInPart = codes.has(scan.code) && isOnList(scan);
      if (isInPart !== Boolean(scan.isInPart)) this.update({ ...scan, isInPart });
    }
  }

  /** The list ended: the page is free for the next one. */
  clear() {
    this.forget();
    this.draw();
  }

  /** @param {string} filter */
  filterBy(filter) {
    this.filter = filter;
    this.shown = STEP;
    this.draw();
  }

  showMore() {
    this.shown += STEP;
    this.draw();
  }

  /** Move the selection by `step` rows and the focus with it. @param {number} step */
  move(step) {
    const rows = /** @type {HTMLElement[]} */ ([...this.fresh.children, ...this.older.children]);
    if (rows.length === 0) return;
    const now = rows.indexOf(this.selected());
    const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
    next.focus();
  }

  /** The row that the keyboard is on. @returns {HTMLElement | null} */
  selected() {
    const active = document.activeElement?.closest?.(".c-row");
    return active instanceof HTMLElement ? active : null;
  }

  /** What people call the pack with `code`. @param {string} code */
  nameOf(code) {
    for (const scan of this.scans.values()) if (scan.code === code && scan.name) return scan.name;
    return code;
  }

  /** The code of the selected row, if it can be taken off the list. */
  removableCode() {
    const scan = this.scans.get(Number(this.selected()?.dataset.id));
    return scan && isOnList(scan) ? scan.code : null;
  }

  /** The newest pack that is on the list. */
  get newestOnList() {
    return [...this.scans.values()].findLast(isOnList)?.code ?? null;
  }

  // -- inside --------------------------------------------------------------------------------------------------------

  /** @param {Scan} scan */
  keep(scan) {
    this.scans.set(scan.id, scan);
    this.newest = Math.max(this.newest, scan.id);
    this.total += 1;
    this.numbers.set(scan.id, this.total);
    if (this.scans.size > KEPT) {
      const oldest = this.scans.keys().next().value;
      this.scans.delete(oldest);
      this.numbers.delete(oldest);
    }
  }

  forget() {
    this.scans.clear();
    this.numbers.clear();
    this.total = 0;
  }

  draw() {
    const wanted = [...this.scans.values()].filter(FILTERS[this.filter]).slice(-this.shown).reverse();
    const rows = wanted.map((scan) => this.row(scan));
    this.fresh.replaceChildren(...rows.slice(0, FRESH));
    this.older.replaceChildren(...rows.slice(FRESH));
    this.tidy();
  }

  tidy() {
    const rows = this.rowCount;
    const isAll = this.filter === "all";
    const matching = isAll ? this.total : [...this.scans.values()].filter(FILTERS[this.filter]).length;
    const folded = matching - rows;
    this.earlier.hidden = folded <= 0;
    if (folded > 0) this.earlier.firstElementChild.textContent = count("counter.list.earlier", folded, { n: whole(folded) });
    document.getElementById("c-columns").hidden = rows === 0;
    document.getElementById("c-none").hidden = this.isEmpty || rows > 0;
    document.getElementById("c-empty").hidden = !this.isEmpty;
    this.older.style.containIntrinsicHeight = `${this.older.childElementCount * ROW_PX}px`;
    // One row is always in the tab order, so that the list can be reached and scrolled by keyboard.
    if (rows > 0 && !this.list.querySelector('[tabindex="0"]')) this.fresh.firstElementChild.setAttribute("tabindex", "0");
  }

  /** @param {Element | null} row */
  select(row) {
    if (!row) return;
    for (const other of this.list.querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const button = /** @type {Element} */ (event.target).closest(".c-row__remove");
    const scan = button && this.scans.get(Number(button.closest(".c-row").dataset.id));
    if (scan) this.remove(scan.code);
  }

  /** @param {Scan} scan */
  row(scan) {
    const row = /** @type {HTMLElement} */ (this.template.cloneNode(true));
    const [number, code, product, price, insurance, state, remove, why] = row.children;
    const verdict = scan.isRemoved ? "removed" : scan.verdict;
    const tone = scan.isRemoved ? "quiet" : scan.tone;
    row.dataset.id = String(scan.id);
    row.dataset.verdict = verdict;
    row.classList.add(scan.isRemoved ? "c-row--removed" : `c-row--${scan.tone}`);
    number.textContent = String(this.numbers.get(scan.id));
    if (scan.code) writeCode(code, scan.code);
    const [name, spec] = product.children;
    name.textContent = scan.name ?? (scan.verdict === "unmatched" ? text("counter.list.no_product") : ours(scan.words));
    spec.textContent = scan.spec ?? "";
    if (verdict !== "removed") why.textContent = reason(scan);
    why.hidden = why.textContent === "";
    row.classList.toggle("c-row--told", !why.hidden);
    price.textContent = scan.isInPart ? text("counter.list.in_part") : isOnList(scan) || scan.price ? amount(scan.price) : "";
    insurance.textContent = scan.class ? classWord(scan.class) : "";
    state.classList.add(`y-state--${tone}`);
    state.querySelector("use").setAttribute("href", `#y-${shape(verdict, tone)}`);
    state.lastElementChild.textContent = verdictWord(verdict, scan);
    if (isOnList(scan)) {
      remove.hidden = false;
      remove.setAttribute("aria-label", text("counter.list.remove", { name: scan.name ?? scan.code }));
    }
    return row;
  }
}

/** @param {Scan} scan */
export function isOnList(scan) {
  return (scan.verdict === "added" || scan.verdict === "unmatched") && !scan.isRemoved && scan.line !== null;
}

/** @param {string} verdict @param {Scan} scan */
export function verdictWord(verdict, scan) {
  return has(`verdict.${verdict}`) ? text(`verdict.${verdict}`) : ours(scan.words);
}

/** The insurance class, short. @param {string} name */
export function classWord(name) {
  return has(`class.${name}`) ? text(`class.${name}`) : name;
}

/** A box that is matched but was read with a doubt has another shape, not only another colour. @param {string} verdict @param {string} tone */
function shape(verdict, tone) {
  return verdict === "added" && tone !== "ok" ? "warning" : (SHAPES[verdict] ?? "alert");
}

/** What happened and what to do. A row without a product says what happened in the product's place. @param {Scan} scan */
function reason(scan) {
  const isNews = scan.verdict !== "added" || Boolean(scan.units);
  const happened = scan.name && isNews ? ours(scan.words) : "";
  return [happened, ours(scan.hint)].filter(Boolean).join(text("common.sentence_joint"));
}
