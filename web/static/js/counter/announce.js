// What a screen reader is told: alarms and refused codes at once, everything else as one summary every few seconds. Twenty
// rows a second read aloud would drown the one that matters.
import { count, ours, text } from "../words.js";
import { isOnList, verdictWord } from "./list.js";

const EVERY_MS = 5_000;

export class Announcer {
  constructor() {
    this.polite = document.getElementById("c-say");
    this.assertive = document.getElementById("c-shout");
    this.fresh = 0;
    this.totals = /** @type {any} */ (null);
    window.setInterval(() => this.summarise(), EVERY_MS);
  }

  /** @param {import("./list.js").Scan} scan */
  heard(scan) {
    this.fresh += 1;
    const sentence = `${verdictWord(scan.verdict, scan)} ${ours(scan.words)} ${scan.name ?? ""} ${ours(scan.hint)}`;
    if (scan.tone === "alarm") this.assertive.textContent = sentence;
    // What is on no list must be heard with its reason; what is on the list is in the next summary.
    else if (!isOnList(scan)) this.say(sentence);
  }

  /** @param {any} totals */
  takeTotals(totals) {
    this.totals = totals;
  }

  summarise() {
    if (this.fresh === 0) return;
    const summary = this.totals ? text("counter.say.totals", this.totals) : "";
    this.polite.textContent = `${count("counter.say.scans", this.fresh)} ${summary}`;
    this.fresh = 0;
  }

  /** @param {string} sentence */
  say(sentence) {
    this.polite.textContent = sentence;
  }
}
