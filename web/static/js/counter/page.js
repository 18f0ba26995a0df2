// The counter as the page knows it: loads what the daemon has, and takes what the live bus says. The daemon owns the
// list; the page shows it and may be closed at any time.
import { call, Problem } from "../api.js";
import { Live } from "../live.js";
import { Sound } from "../sound.js";
import { count, ours, text } from "../words.js";
import { Alarms } from "./alarms.js";
import { Announcer } from "./announce.js";
import { Basket } from "./basket.js";
import { Desk } from "./desk.js";
import { isOnList, ScanList } from "./list.js";
import { Messages } from "./messages.js";
import { Returns } from "./returns.js";
import { Status } from "./status.js";
import { Tickets } from "./tickets.js";
import { drawButtons, drawMode, showOperator, showOther } from "./view.js";

const API = "/api/v1";
const EVENTS = ["scan", "scan_update", "totals", "sync", "device", "health", "setup", "alert", "session", "ticket"];
const STATUS_EVERY_MS = 10_000;
const AGAIN_MS = 2_000;

/** What the bus said while the list was being loaded: newer than the answer. @typedef {{scans: import("./list.js").Scan[], totals: any}} News */

export class Page {
  constructor() {
    this.sound = new Sound();
    this.messages = new Messages();
    this.status = new Status();
    this.basket = new Basket();
    this.alarms = new Alarms();
    this.announcer = new Announcer();
    this.list = new ScanList((code) => this.desk.remove(code));
    const { basket, list, alarms, messages, status } = this;
    this.desk = new Desk({
      ...{ basket, list, alarms, messages, mayBeInsured: () => status.mayBeInsured },
      ...{ refresh: () => this.loadSale(), reload: () => this.comeIn() },
    });
    this.returns = new Returns(this.desk, (codes) => this.cameBack(codes));
    this.tickets = new Tickets(this);
    this.isListening = false;
    this.loading = /** @type {Set<News>} */ (new Set());
    /** How often the list was asked for, and which of these answers is shown. */
    this.asked = this.shown = 0;
    /** Scans for the next list, which is shown when the one that is being paid has ended. */
    this.waiting = /** @type {import("./list.js").Scan[]} */ ([]);
    this.live = new Live(`${API}/live`, EVENTS, {
      heard: (event, value) => this.heard(event, value),
      reset: () => this.load(),
      changed: (isLive) => this.changed(isLive),
    });
    window.setInterval(() => this.lookAgain().catch((problem) => this.tell(problem)), STATUS_EVERY_MS);
  }

  // -- what comes in -------------------------------------------------------------------------------------------------

  /** @param {string} event @param {any} value */
  heard(event, value) {
    if (event === "scan") this.takeScan(value);
    else if (event === "scan_update") this.takeChange(value);
    else if (event === "totals") this.takeTotals(value);
    else if (event === "alert") this.takeAlert(value);
    else if (event === "session") this.load();
    else if (event === "ticket") this.tickets.take(value);
    else this.takeHealth(event, value);
  }

  /** @param {string} event @param {any} value */
  takeHealth(event, value) {
    const before = this.status.settlement?.code;
    this.status.hear(event, value);
    // The lamp came alone: whether the insurance may be asked stands in the status.
    if (before && before !== this.status.settlement.code) this.loadStatus().catch((problem) => this.tell(problem));
  }

  /** @param {import("./list.js").Scan} scan */
  takeScan(scan) {
    if (scan.is_next) return this.takeNext(scan);
    for (const news of this.loading) news.scans.push(scan);
    if (scan.sale !== null && scan.sale !== this.basket.sale) this.beginList(scan.sale);
    if (!this.list.add(scan)) return;
    // What an opened pack costs and stands for is the daemon's to say.
    if (scan.units) this.loadSale().catch((problem) => this.tell(problem));
    else this.basket.add(scan);
    const isPicked = this.tickets.takeScan(scan);
    if (isPicked) this.alarms.remember(scan);
    else this.alarms.add(scan);
    this.returns.take(scan);
    this.announcer.heard(scan);
    this.sound.play(isPicked ? "ok" : scan.tone);
    drawButtons(this);
  }

  /** A scan during a payment: said, and shown with its list. @param {import("./list.js").Scan} scan */
  takeNext(scan) {
    if (this.waiting.some((other) => other.id === scan.id)) return;
    this.waiting.push(scan);
    this.basket.wait(this.waiting.filter(isOnList).length);
    this.announcer.heard(scan);
    this.sound.play(scan.tone);
    const way = [scan.name, ours(scan.hint)].filter(Boolean).join(text("common.sentence_joint"));
    this.messages.say(scan.tone === "alarm" ? "bad" : "warn", ours(scan.words), way);
  }

  /** The list that waited has opened: show what was scanned for it. */
  showWaiting() {
    const mine = this.waiting.filter((scan) => scan.sale === this.basket.sale).map((scan) => this.asItStands(scan));
    if (mine.length === 0) return;
    this.waiting = [];
    for (const scan of mine) if (this.list.add(scan)) this.alarms.add(scan);
  }

  /** @param {any} totals */
  takeTotals(totals) {
    for (const news of this.loading) news.totals = totals;
    this.basket.takeTotals(totals);
    this.announcer.takeTotals(totals);
  }

  /** Something that is no scan: a device, the disk, a colleague. @param {any} alert */
  takeAlert(alert) {
    this.sound.play(alert.tone);
    this.messages.say(alert.tone === "alarm" ? "bad" : "warn", ours(alert.words), ours(alert.next));
    if (alert.code.startsWith("session.")) this.load();
  }

  /** A pack left the list or came back to it, or the list ended. @param {any} change */
  takeChange(change) {
    if (["held", "taken_up"].includes(change.change)) this.tickets.count();
    if (change.sale !== this.basket.sale && change.change !== "taken_up") return;
    if (change.change === "removed") this.list.markRemoved(change.code);
    if (change.change === "restored") this.list.markRestored(change.code);
    // The rows of a list that lay aside are not on the page yet.
    const loaded = change.change === "taken_up" ? this.loadLists() : this.loadSale();
    loaded.catch((problem) => this.tell(problem));
  }

  /** @param {boolean} isLive */
  changed(isLive) {
    this.status.setLost(!isLive);
    drawButtons(this);
    if (isLive) this.load();
    else this.leaveIfShutOut();
  }

  /** @param {string[]} codes */
  cameBack(codes) {
    this.alarms.settle(codes);
    this.messages.say("ok", count("counter.return.done", codes.length), text("counter.return.done_next"));
  }

  /** A scan opened a list. @param {string} sale */
  beginList(sale) {
    if (this.basket.sale !== null) this.endList();
    this.basket.begin(sale);
  }

  endList() {
    this.list.clear();
    this.alarms.clear();
    this.desk.doings = [];
  }

  // -- loading -------------------------------------------------------------------------------------------------------

  /** Load everything, until it works; then listen. */
  async load() {
    try {
      await this.loadSession();
      await Promise.all([this.loadStatus(), this.loadLists()]);
      this.status.setLost(false);
      drawButtons(this);
      this.listen();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.isSignedOut) return this.leave();
      this.status.setLost(true);
      window.setTimeout(() => this.load(), AGAIN_MS);
    }
  }

  /** Where others than this machine may ask, even looking needs a sign-in: begin anew, with nothing left on the page. */
  leave() {
    if (this.isListening) window.location.reload();
  }

  /** Somebody signed in or out. A page that could not look until now takes its place on the bus anew. */
  async comeIn() {
    if (this.isListening) await this.load();
    else window.location.reload();
  }

  /** The stream ended: the daemon is lost, or this browser was signed out and may not follow any more. */
  async leaveIfShutOut() {
    try {
      await call("GET", `${API}/sale`);
    } catch (problem) {
      if (problem instanceof Problem && problem.isSignedOut) this.leave();
    }
  }

  /** Follow the bus from where it stood when the page was rendered: nothing falls between that and the loading. */
  listen() {
    if (this.isListening) return;
    this.isListening = true;
    this.live.start(Number(document.body.dataset.position));
  }

  /** Who is signed in with this browser: another one may be signed in elsewhere. */
  async loadSession() {
    try {
      showOperator(await call("GET", `${API}/session`));
    } catch (problem) {
      if (!(problem instanceof Problem && problem.isSignedOut)) throw problem;
      showOperator(null);
    }
  }

  /** What changes without news: ages and figures, and a payment that nobody ended. */
  async lookAgain() {
    if (!this.isListening || !this.live.isLive) return;
    await this.loadStatus();
    if (this.basket.isPaying) await this.loadSale();
  }

  async loadStatus() {
    const [status, scanners] = await Promise.all([call("GET", `${API}/status`), call("GET", `${API}/scanner-setup`)]);
    this.status.take(status, scanners);
    drawButtons(this);
  }

  async loadLists() {
    this.tickets.count();
    const [, latest] = await Promise.all([this.loadSale(), call("GET", `${API}/scans?limit=500`)]);
    const scans = await this.withOwn(latest);
    this.waiting = scans.filter((scan) => this.isWaiting(scan));
    const recent = this.sinceLastList(scans).map((scan) => this.asItStands(scan));
    this.list.fill(recent);
    for (const scan of recent) this.alarms.add(scan);
  }

  /** Those of a list that lay aside may be older than the latest. @param {import("./list.js").Scan[]} latest @returns {Promise<import("./list.js").Scan[]>} */
  async withOwn(latest) {
    const known = new Set(latest.map((scan) => scan.code));
    if (this.basket.codes.every((code) => known.has(code))) return latest;
    const own = /** @type {import("./list.js").Scan[]} */ (await call("GET", `${API}/scans?sale=${encodeURIComponent(this.basket.sale)}&limit=500`));
    return [...new Map([...own, ...latest].map((scan) => [scan.id, scan])).values()];
  }

  async loadSale() {
    const news = /** @type {News} */ ({ scans: [], totals: null });
    this.loading.add(news);
    const asked = ++this.asked;
    const sale = await call("GET", `${API}/sale`).finally(() => this.loading.delete(news));
    // A scan has begun another list meanwhile: the answer is of the one before.
    if (news.scans.some((scan) => scan.sale !== null && scan.sale !== sale.id)) return this.loadSale();
    // Answers may overtake each other: what was asked before the list that is shown is older than it.
    if (asked < this.shown) return;
    this.shown = asked;
    if (this.basket.sale !== null && sale.id !== this.basket.sale) this.endList();
    this.basket.show(sale);
    for (const scan of news.scans) if (!scan.units) this.basket.add(scan);
    this.list.markInPart(this.basket.codesInPart);
    this.basket.takeTotals(news.totals ?? sale.totals);
    this.showWaiting();
    this.announcer.takeTotals(this.basket.totals);
    showOther(sale.operator);
    drawMode(sale.mode);
    drawButtons(this);
  }

  /** @param {import("./list.js").Scan} scan */
  isWaiting(scan) {
    return scan.sale !== null && scan.sale === this.basket.waiting;
  }

  /** The scans since the last list ended, and those of this list that were made during the payment before it. @param {import("./list.js").Scan[]} scans */
  sinceLastList(scans) {
    const newestFirst = scans.filter((scan) => !this.isWaiting(scan)).sort((a, b) => b.id - a.id);
    const end = newestFirst.findIndex((scan) => scan.sale !== null && scan.sale !== this.basket.sale);
    return newestFirst.filter((scan, index) => end < 0 || index < end || (scan.sale !== null && scan.sale === this.basket.sale));
  }

  /** A scan as it stands now: the box may have been taken off since. @param {import("./list.js").Scan} scan */
  asItStands(scan) {
    return isOnList(scan) && !this.basket.holds(scan.code) ? { ...scan, isRemoved: true } : scan;
  }

  /** @param {unknown} problem */
  tell(problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (!problem.isUnanswered) this.messages.problem(problem);
  }
}
