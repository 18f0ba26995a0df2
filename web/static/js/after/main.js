// What comes after a sale: a sale is found, packs come back, a cash sale is turned insured; below it what is under way,
// what the centre's ledger misses, and what lies apart. Each of the four loads by itself and says what is wrong with it.
import { element } from "../counter/element.js";
import { show } from "../counter/rows.js";
import { Frame } from "../till/frame.js";
import { Apart } from "./apart.js";
import { Found } from "./found.js";
import { Rows } from "./rows.js";
import { Undertakings } from "./undertakings.js";

const EVERY_MS = 5_000;

class After {
  constructor() {
    this.frame = new Frame(this);
    this.found = new Found(this.frame, () => this.load());
    this.undertakings = new Undertakings(this.frame, () => this.load());
    this.rows = new Rows(this.frame);
    this.apart = new Apart(this.frame);
    // What is under way goes on by itself.
    window.setInterval(() => !document.hidden && this.refresh(), EVERY_MS);
  }

  async load() {
    const parts = this.frame.isInsured ? [this.undertakings, this.rows, this.apart] : [this.apart];
    const asked = await Promise.allSettled(parts.map((part) => part.load()));
    const failed = asked.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }

  refresh() {
    const goesOn = this.undertakings.isAny || this.rows.isAny;
    if (this.frame.isWorking && goesOn && !document.querySelector("dialog[open]")) this.load().then(() => this.draw(), () => this.frame.again());
  }

  /** @param {string} event @param {any} value */
  heard(event, value) {
    if (event === "scan" && ["sold_here", "sold_at_site", "sold_elsewhere"].includes(value.verdict)) this.found.scanned(value.code);
    if (event === "ticket") this.found.changed(value);
  }

  draw() {
    for (const id of ["t-under-card", "t-rows-card"]) show(id, this.frame.isInsured);
    this.found.draw();
    for (const one of document.querySelectorAll(".t-ticket button")) one.disabled = !this.frame.isWorking;
  }
}

const after = new After();
await after.frame.begin();
element("t-find").focus();
document.documentElement.dataset.ready = "yes";
