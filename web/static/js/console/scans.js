// Scans of all terminals as they come in, newest on top. A pause keeps the page still and counts what comes.
import { timeOfDay, writeCode } from "../format.js";
import { count, has, text } from "../words.js";

const SHOWN = 200;
const LOOKS = {
  added: ["check", "ok"],
  unmatched: ["question", "notice"],
  already_in_sale: ["twice", "alarm"],
  sold_here: ["alert", "alarm"],
  sold_at_site: ["alert", "alarm"],
  sold_elsewhere: ["alert", "alarm"],
  quarantined: ["alert", "alarm"],
  expired: ["alert", "alarm"],
  received_here: ["twice", "notice"],
  carton: ["alert", "alarm"],
  placeholder: ["alert", "alarm"],
};
const OTHER = ["refused", "notice"];

export class LiveScans {
  /** @param {HTMLElement} table */
  constructor(table) {
    this.rows = table.querySelector("tbody");
    this.prefix = table.dataset.prefix;
    this.template = /** @type {HTMLTemplateElement} */ (document.getElementById("k-scan")).content.firstElementChild;
    this.state = document.getElementById("k-live-state");
    this.none = document.getElementById("k-scans-none");
    this.button = document.getElementById("k-live-pause");
    this.kept = /** @type {any[] | null} */ (null);
    this.isLive = true;
    this.button.addEventListener("click", () => this.pause(this.kept === null));
  }

  /** @param {any} scan */
  add(scan) {
    if (this.kept) {
      this.kept = [...this.kept, scan].slice(-SHOWN);
      this.draw();
      return;
    }
    this.none.hidden = true;
    this.rows.prepend(this.row(scan));
    if (this.rows.childElementCount > SHOWN) this.rows.lastElementChild.remove();
  }

  /** @param {boolean} isPaused */
  pause(isPaused) {
    const kept = this.kept ?? [];
    this.kept = isPaused ? [] : null;
    if (!isPaused) for (const scan of kept) this.add(scan);
    this.draw();
  }

  /** @param {boolean} isLive whether new scans can arrive at all */
  changed(isLive) {
    this.isLive = isLive;
    this.draw();
  }

  draw() {
    const isPaused = this.kept !== null;
    const isOn = this.isLive && !isPaused;
    this.button.setAttribute("aria-pressed", String(isPaused));
    this.button.textContent = text(isPaused ? "console.live.resume" : "console.live.pause");
    this.state.classList.toggle("y-state--ok", isOn);
    this.state.classList.toggle("y-state--notice", !isOn);
    this.state.lastElementChild.textContent = isPaused ? count("console.live.paused", this.kept.length) : text(isOn ? "console.live.on" : "console.live.lost");
  }

  /** @param {any} scan */
  row(scan) {
    const row = /** @type {HTMLElement} */ (this.template.cloneNode(true));
    const [time, terminal, code, product, state, sale] = row.children;
    const [shape, tone] = LOOKS[scan.verdict] ?? OTHER;
    row.dataset.id = scan.id;
    time.textContent = timeOfDay(scan.at);
    terminal.textContent = [scan.terminal, scan.operator].filter(Boolean).join(" · ");
    if (scan.code) code.append(this.link(scan.code));
    else code.textContent = text("console.live.no_code");
    product.textContent = [scan.name ?? scan.product, scan.spec].filter(Boolean).join(" ") || "—";
    state.firstElementChild.classList.add(`y-state--${tone}`);
    state.querySelector("use").setAttribute("href", `#y-${shape}`);
    state.querySelector("span > span").textContent = has(`verdict.${scan.verdict}`) ? text(`verdict.${scan.verdict}`) : scan.verdict;
    sale.textContent = scan.sale;
    return row;
  }

  /** @param {string} code */
  link(code) {
    const link = document.createElement("a");
    link.href = `${this.prefix}/codes?code=${encodeURIComponent(code)}`;
    link.className = "y-code";
    writeCode(link, code);
    return link;
  }
}
