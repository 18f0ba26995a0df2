// Packs of a closed sale that come back: the boxes, the sale that sold them, a reason. The daemon knows which sale sold
// a box, so that nobody has to find the receipt; boxes scanned meanwhile join the list.
import { Problem } from "../api.js";
import { writeCode } from "../format.js";
import { text } from "../words.js";
import { openDialog } from "./dialogs.js";

/** A box that comes back. @typedef {{code: string, sale: string, name: string | null}} Sold */

export class Returns {
  /**
   * @param {import("./desk.js").Desk} desk
   * @param {(codes: string[]) => void} done called with the codes that came back
   */
  constructor(desk, done) {
    this.desk = desk;
    this.done = done;
    this.boxes = /** @type {Map<string, Sold>} */ (new Map());
    this.dialog = /** @type {HTMLDialogElement} */ (document.getElementById("c-return-dialog"));
    this.code = /** @type {HTMLInputElement} */ (document.getElementById("c-return-code"));
    this.sale = /** @type {HTMLInputElement} */ (document.getElementById("c-return-sale"));
    this.reason = /** @type {HTMLSelectElement} */ (document.getElementById("c-return-reason"));
    this.list = document.getElementById("c-return-list");
    this.problem = document.getElementById("c-return-problem");
    document.getElementById("c-return-form").addEventListener("submit", (event) => this.submit(event));
    document.getElementById("c-return-add").addEventListener("click", () => this.addTyped());
    this.code.addEventListener("keydown", (event) => this.typed(event));
    this.list.addEventListener("click", (event) => this.clicked(event));
  }

  get codes() {
    return [...this.boxes.keys()];
  }

  /** @param {string} sale @param {string[]} codes */
  open(sale, codes) {
    this.boxes.clear();
    this.sale.value = sale;
    this.code.value = "";
    this.problem.replaceChildren();
    openDialog("c-return-dialog");
    this.draw();
    (codes.length > 0 ? this.reason : this.code).focus();
    for (const code of codes) this.add(code);
  }

  /** A box was scanned while the dialog is open. @param {import("./list.js").Scan} scan */
  take(scan) {
    if (this.dialog.open && scan.verdict === "sold_here") this.add(scan.code);
  }

  /** @param {KeyboardEvent} event */
  typed(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    this.addTyped();
  }

  async addTyped() {
    const code = this.code.value.trim();
    if (code && (await this.add(code))) this.code.value = "";
    this.code.focus();
  }

  /** Put a box on the list, with the sale that sold it. False if it cannot come back here. @param {string} code */
  async add(code) {
    try {
      const box = /** @type {Sold} */ (await this.desk.findSold(code));
      const [first] = this.boxes.values();
      if (first && first.sale !== box.sale) {
        this.tell(`${text("counter.return.other_sale", { sale: box.sale })} ${text("counter.return.other_sale_next")}`);
        return false;
      }
      this.problem.replaceChildren();
      this.boxes.set(box.code, box);
      this.sale.value = box.sale;
      this.draw();
      return true;
    } catch (problem) {
      this.refused(problem);
      return false;
    }
  }

  /** @param {Event} event */
  clicked(event) {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button) return;
    this.boxes.delete(button.dataset.code);
    this.draw();
  }

  draw() {
    this.list.replaceChildren(...[...this.boxes.values()].map((box) => this.row(box)));
    document.getElementById("c-return-none").hidden = this.boxes.size > 0;
    document.getElementById("c-return-send").disabled = this.boxes.size === 0;
  }

  /** @param {Sold} box */
  row(box) {
    const row = document.createElement("li");
    const what = document.createElement("span");
    const code = document.createElement("span");
    const name = document.createElement("span");
    const button = document.createElement("button");
    code.className = "y-code";
    writeCode(code, box.code);
    name.textContent = ` ${box.name ?? text("counter.list.no_product")}`;
    what.append(code, name);
    button.type = "button";
    button.className = "y-button y-button--small";
    button.textContent = text("counter.return.leave_out");
    button.dataset.code = box.code;
    row.append(what, button);
    return row;
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    const { codes } = this;
    try {
      await this.desk.takeBack(this.sale.value.trim(), codes, this.reason.value);
      this.dialog.close();
      this.done(codes);
    } catch (problem) {
      this.refused(problem);
    }
  }

  /** @param {unknown} problem */
  refused(problem) {
    if (!(problem instanceof Problem)) throw problem;
    this.tell(`${problem.message} ${problem.next} (${problem.code})`);
  }

  /** @param {string} sentence */
  tell(sentence) {
    const box = document.createElement("p");
    box.className = "y-message y-message--bad";
    box.textContent = sentence;
    this.problem.replaceChildren(box);
  }
}
