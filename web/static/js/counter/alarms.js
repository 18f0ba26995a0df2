// Alarms stay on the screen until somebody has seen them: a tone alone is missed by people who scan quickly. The same
// box scanned again is one alarm. What was seen is remembered over a reload of the page.
import { writeCode } from "../format.js";
import { count, ours, text } from "../words.js";
import { verdictWord } from "./list.js";

const SEEN = "yima.seen";
const REMEMBERED = 500;

export class Alarms {
  constructor() {
    this.strip = document.getElementById("c-alarm");
    this.open = /** @type {import("./list.js").Scan[]} */ ([]); // newest first
    this.seen = new Set(JSON.parse(sessionStorage.getItem(SEEN) ?? "[]"));
    document.getElementById("c-alarm-seen").addEventListener("click", () => this.acknowledge());
  }

  get isOpen() {
    return this.open.length > 0;
  }

  get number() {
    return this.open.length;
  }

  /** @param {import("./list.js").Scan} scan */
  add(scan) {
    if (scan.tone !== "alarm" || this.seen.has(scan.id)) return;
    this.open = [scan, ...this.open.filter((other) => other.code !== scan.code || other.verdict !== scan.verdict)];
    this.draw();
  }

  /** Say that the newest alarm was seen. */
  acknowledge() {
    const scan = this.open.shift();
    if (!scan) return;
    this.remember(scan);
    this.draw();
  }

  /** @param {import("./list.js").Scan} scan */
  remember(scan) {
    this.seen.add(scan.id);
    sessionStorage.setItem(SEEN, JSON.stringify([...this.seen].slice(-REMEMBERED)));
  }

  /** The alarm that is shown. @returns {import("./list.js").Scan | undefined} */
  get newest() {
    return this.open[0];
  }

  /** Boxes came back: their alarms are seen to. @param {string[]} codes */
  settle(codes) {
    for (const scan of this.open.filter((one) => codes.includes(one.code))) this.remember(scan);
    this.open = this.open.filter((one) => !codes.includes(one.code));
    this.draw();
  }

  /** Drop the alarms of a list that is over. */
  clear() {
    this.open = [];
    this.draw();
  }

  /** Call the eye to the strip. */
  point() {
    document.getElementById("c-alarm-seen").focus();
  }

  draw() {
    const scan = this.open[0];
    this.strip.hidden = !scan;
    if (!scan) return;
    const more = document.getElementById("c-alarm-more");
    document.getElementById("c-alarm-return").hidden = scan.verdict !== "sold_here";
    document.getElementById("c-alarm-words").textContent = `${verdictWord(scan.verdict, scan)}${text("common.sentence_joint")}${ours(scan.words)}`;
    writeCode(document.getElementById("c-alarm-code"), scan.code ?? "");
    document.getElementById("c-alarm-name").textContent = [scan.name, scan.spec].filter(Boolean).join(" ");
    document.getElementById("c-alarm-hint").textContent = ours(scan.hint);
    more.hidden = this.open.length < 2;
    more.textContent = count("counter.alarm.more", this.open.length - 1);
  }
}
