// Packs of a closed sale that come back: the sale's number, the boxes, a reason. Boxes scanned meanwhile join the list.
import { Problem } from "../api.js";
import { writeCode } from "../format.js";
import { text } from "../words.js";
import { openDialog } from "./dialogs.js";

export class Returns {
  /**
   * @param {import("./desk.js").Desk} desk
   * @param {(codes: string[]) => void} done called with the codes that came back
   */
  constructor(desk, done) {
    this.desk = desk;
    this.done = done;
    this.codes = /** @type {string[]} */ ([]);
    this.dialog = /** @type {HTMLDialogElement} */ (document.getElementById("c-return-dialog"));
    this.sale = /** @type {HTMLInputElement} */ (document.getElementById("c-return-sale"));
    this.reason = /** @type {HTMLSelectElement} */ (document.getElementById("c-return-reason"));
    this.list = document.getElementById("c-return-list");
    this.problem = document.getElementById("c-return-problem");
    document.getElementById("c-return-form").addEventListener("submit", (event) => this.submit(event));
    this.list.addEventListener("click", (event) => this.clicked(event));
  }

  /** @param {string} sale @param {string[]} codes */
  open(sale, codes) {
    this.codes = [];
    this.sale.value = sale;
    this.problem.replaceChildren();
    openDialog("c-return-dialog");
    for (const code of codes) this.add(code);
    this.draw();
    (sale ? this.reason : this.sale).focus();
  }

  /** A box was scanned while the dialog is open. @param {import("./list.js").Scan} scan */
  take(scan) {
    if (this.dialog.open && scan.verdict === "sold_here") this.add(scan.code);
  }

  /** @param {string} code */
  add(code) {
    if (!this.codes.includes(code)) this.codes.push(code);
    this.draw();
  }

  /** @param {Event} event */
  clicked(event) {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button) return;
    this.codes = this.codes.filter((code) => code !== button.dataset.code);
    this.draw();
  }

  draw() {
    this.list.replaceChildren(...this.codes.map((code) => this.row(code)));
    document.getElementById("c-return-none").hidden = this.codes.length > 0;
    document.getElementById("c-return-send").disabled = this.codes.length === 0;
  }

  /** @param {string} code */
  row(code) {
    const row = document.createElement("li");
    const name = document.createElement("span");
    const button = document.createElement("button");
    name.className = "y-code";
    writeCode(name, code);
    button.type = "button";
    button.className = "y-button y-button--small";
    button.textContent = text("counter.return.leave_out");
    button.dataset.code = code;
    row.append(name, button);
    return row;
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    try {
      await this.desk.takeBack(this.sale.value.trim(), this.codes, this.reason.value);
      this.dialog.close();
      this.done(this.codes);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      const box = document.createElement("p");
      box.className = "y-message y-message--bad";
      box.textContent = `${problem.message} ${problem.next} (${problem.code})`;
      this.problem.replaceChildren(box);
    }
  }
}
