// The business day: what came in, what is not finished, the end of the day and its differences, the hand-over. Nothing
// that is not finished stands in the way: it is told, and whoever ends the day says that they have read it.
import { call } from "../api.js";
import { element } from "../counter/element.js";
import { show } from "../counter/rows.js";
import { moment } from "../format.js";
import { Frame } from "../till/frame.js";
import { text } from "../words.js";
import { drawDays, drawSheet, openThere } from "./sheet.js";

const API = "/api/v1";
const COMPARING_MS = 180_000;

class Day {
  constructor() {
    this.frame = new Frame(this);
    this.sheet = /** @type {any} */ (null);
    element("t-day").addEventListener("change", () => this.look());
    element("t-again").addEventListener("click", () => this.look());
    element("t-end").addEventListener("click", () => this.end());
    element("t-reopen").addEventListener("click", () => this.reopen());
    element("t-hand-over").addEventListener("click", () => this.handOver());
    element("t-count").addEventListener("click", () => this.count());
  }

  get address() {
    return `${API}/days/${element("t-day").value}`;
  }

  look() {
    return element("t-day").value ? this.frame.ask(() => this.load()) : undefined;
  }

  async load() {
    // The drawer is counted and handed over all the same.
    if (!this.frame.isInsured) return;
    const { today, ends } = await call("GET", `${API}/days`);
    const picked = element("t-day");
    // Which day it is the terminal says: a business day may go on after midnight.
    picked.max = today;
    picked.value ||= today;
    this.take(await call("GET", this.address));
    drawDays(ends, (day) => this.choose(day));
  }

  /** @param {string} day */
  choose(day) {
    element("t-day").value = day;
    this.look();
  }

  /** @param {any} sheet */
  take(sheet) {
    this.sheet = sheet;
    drawSheet(sheet);
  }

  end() {
    const { unknown, undertakings, pos_unknown } = this.sheet.unfinished;
    const open = [...unknown, ...undertakings, ...pos_unknown, ...openThere(this.sheet.unfinished)];
    if (open.length === 0) return this.endNow(false);
    const says = text("day.end_unfinished", { sales: open.join(text("common.list_joint")) });
    return this.frame.askFor({ title: text("day.end"), says, send: text("day.end_all_the_same"), fields: [] }, () => this.ended(true));
  }

  /** @param {boolean} isConfirmed */
  endNow(isConfirmed) {
    return this.frame.ask(() => this.ended(isConfirmed), undefined, text("day.comparing"));
  }

  /** @param {boolean} confirmed */
  async ended(confirmed) {
    this.take(await call("POST", `${this.address}/end`, { confirmed }, {}, COMPARING_MS));
    drawDays((await call("GET", `${API}/days`)).ends, (day) => this.choose(day));
  }

  reopen() {
    const fields = [{ name: "reason", label: text("counter.return.reason") }];
    this.frame.askFor({ title: text("day.reopen"), says: text("day.reopen_text"), send: text("day.reopen"), fields }, async (said) => {
      this.take(await call("POST", `${this.address}/reopen`, said));
      await this.load();
    });
  }

  /** Money and who had the drawer since it was counted. @param {any} found */
  drawerWords({ expected, drawer }) {
    const since = drawer.counted_at === null ? text("day.drawer_never") : text("day.drawer_since", { at: moment(drawer.counted_at), cash: drawer.begun_with });
    const taken = drawer.uncounted.length === 0 ? "" : text("day.drawer_uncounted", { names: drawer.uncounted.map((/** @type {any} */ one) => one.operator).join(text("common.list_joint")) });
    return [text("day.drawer_expected", { cash: expected }), since, taken].filter(Boolean).join(" ");
  }

  async count() {
    let found = /** @type {any} */ (null);
    if (!(await this.frame.ask(async () => (found = await call("GET", `${API}/drawer`))))) return;
    const fields = [
      { name: "cash_counted", label: text("day.cash_counted"), type: "number", value: "" },
      { name: "note", label: text("till.hold.note"), isOptional: true },
    ];
    this.frame.askFor({ title: text("day.drawer_count"), says: this.drawerWords(found), send: text("day.drawer_count"), fields }, async (said) => {
      await call("POST", `${API}/drawer/count`, said);
    });
  }

  async handOver() {
    let found = /** @type {any} */ (null);
    if (!(await this.frame.ask(async () => (found = await call("GET", `${API}/drawer`))))) return;
    const fields = [
      { name: "cash_counted", label: text("day.cash_counted"), type: "number", value: "" },
      { name: "operator", label: text("day.taker"), most: 64 },
      { name: "password", label: text("day.taker_password"), type: "password" },
      { name: "note", label: text("till.hold.note"), isOptional: true },
    ];
    const { unfinished } = found.drawer;
    const open = text("day.hand_over_text", { cash: found.expected, held: unfinished.put_aside.length, open: unfinished.unknown.length + unfinished.undertakings.length + unfinished.pos_unknown.length, unsent: unfinished.unsent });
    this.frame.askFor({ title: text("day.hand_over"), says: `${this.drawerWords(found)} ${open}`, send: text("day.hand_over_send"), fields }, async (said) => {
      await call("POST", `${API}/hand-overs`, said);
      await this.frame.look();
      await this.load();
    });
  }

  heard() {}

  draw() {
    const { isWorking, isUp, isInsured } = this.frame;
    for (const id of ["t-day-pick", "t-end", "t-reopen"]) show(id, isInsured);
    for (const id of ["t-money", "t-sales-box", "t-open-card", "t-history-card"]) show(id, isInsured && this.sheet !== null);
    const state = this.sheet?.state ?? null;
    element("t-end").disabled = !isWorking || !isUp || !this.sheet || state === "closed" || state === "changed";
    element("t-reopen").disabled = !isWorking || state === null;
    for (const one of ["t-hand-over", "t-count"]) element(one).disabled = !isWorking;
    element("t-again").disabled = !isWorking;
  }
}

const day = new Day();
await day.frame.begin();
document.documentElement.dataset.ready = "yes";
