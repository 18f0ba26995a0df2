// What the terminal says of itself: the badges in the bar, the notices below it, and the two lists behind them.
import { age, duration, whole } from "../format.js";
import { count, has, ours, text } from "../words.js";
import { pair } from "./basket.js";
import { Health, strangerRow } from "./health.js";
import { item, put, setShape, show } from "./rows.js";

const SKEW_S = 60;
/** A state of the line is a shape as well. @type {Record<string, string>} */
const SHAPES = { unknown: "offline", ok: "check", notice: "warning", alarm: "alert" };

/** How each state of the line looks and reads. @type {Record<string, {state: string, word: string}>} */
const LINES = {
  unknown: { state: "unknown", word: "counter.sync.unknown" },
  online: { state: "ok", word: "counter.sync.online" },
  offline: { state: "notice", word: "counter.sync.offline" },
  off: { state: "unknown", word: "counter.sync.off" },
  problem: { state: "alarm", word: "counter.sync.problem" },
  blocked: { state: "alarm", word: "counter.sync.blocked" },
  revoked: { state: "alarm", word: "counter.sync.revoked" },
  waiting: { state: "unknown", word: "counter.sync.no_answer_yet" },
  silent: { state: "notice", word: "counter.sync.silent" },
};

export class Status {
  constructor() {
    /** @type {any} */
    this.status = null;
    this.isLost = false;
    this.health = new Health();
    /** Scanners that are being set up: what they send goes into no sale. */
    this.inSetup = /** @type {Set<string>} */ (new Set());
    // Ages go on counting without news.
    window.setInterval(() => this.draw(), 1_000);
  }

  /** The lamp of insured settlement; null before anything is known. */
  get settlement() {
    return this.status?.lamps.settlement ?? null;
  }

  /** This terminal speaks to the insurance, though it may not answer now. */
  get mayBeInsured() {
    return this.settlement !== null && this.settlement.code !== "settlement.not_configured";
  }

  /** The insurance may be asked now: the lamp tells how the last one ended, which stops no next one. */
  get isInsurable() {
    return this.status?.interface?.is_up ?? false;
  }

  /** @param {any} status @param {any[]} [scanners] each with its set-up */
  take(status, scanners) {
    this.status = status;
    if (scanners) this.inSetup = new Set(scanners.filter((one) => one.setup?.stage === "running").map((one) => one.status.device));
    this.draw();
  }

  /** What the bus says of the terminal itself. @param {string} event @param {any} value */
  hear(event, value) {
    if (event === "sync") this.takeSync(value);
    else if (event === "device") this.takeDevice(value);
    else if (event === "setup") this.takeSetup(value);
    else if (event === "health" && this.status) this.take({ ...this.status, ...value });
  }

  /** A set-up began, went on or ended. @param {any} setup */
  takeSetup({ device, stage }) {
    if (stage === "running") this.inSetup.add(device);
    else this.inSetup.delete(device);
    this.draw();
  }

  /** The connection to the centre, as the bus says it. @param {any} sync */
  takeSync(sync) {
    if (this.status) this.take({ ...this.status, sync: { ...this.status.sync, ...sync } });
  }

  /** One device, as the bus says it. @param {any} device */
  takeDevice(device) {
    if (!this.status) return;
    const others = this.status.devices.filter((/** @type {any} */ other) => other.device !== device.device);
    this.take({ ...this.status, devices: [...others, device].sort((a, b) => (a.device < b.device ? -1 : 1)) });
  }

  /** The daemon went or came back. @param {boolean} isLost */
  setLost(isLost) {
    this.isLost = isLost;
    document.documentElement.classList.toggle("c-is-lost", isLost);
    show("c-lost", isLost);
    this.draw();
  }

  draw() {
    if (!this.status) return;
    this.drawSync();
    this.drawDevices();
    this.drawNotices();
    this.health.draw(this.status, this.isLost);
  }

  drawSync() {
    const { sync } = this.status;
    const line = this.isLost ? LINES.unknown : LINES[lineOf(sync)];
    const [badge, state] = [document.getElementById("c-sync"), line.state === "ok" && sync.dead > 0 ? "notice" : line.state];
    badge.dataset.state = state;
    setShape(badge, SHAPES[state]);
    const backlog = sync.pending > 0 ? ` · ${text("counter.sync.pending", { n: whole(sync.pending) })}` : ` · ${text("counter.sync.none_pending")}`;
    const old = (!sync.is_up || sync.problem) && sync.pending > 0 && sync.oldest_pending_at ? ` · ${duration((Date.now() - Date.parse(sync.oldest_pending_at)) / 1000)}` : "";
    put("c-sync-text", text(line.word) + (this.isLost ? "" : backlog + old));
    this.drawSyncFacts(sync);
  }

  /** @param {any} sync */
  drawSyncFacts(sync) {
    if (!document.getElementById("c-sync-dialog").open) return;
    const { epoch, fingerprint, versions, clock_offset_ms: offset } = this.status;
    const { problem } = sync;
    const facts = [
      [text("counter.sync.state"), text(LINES[lineOf(sync)].word)],
      problem ? [text("counter.sync.problem_title"), `${ours(problem.words)}${text("common.sentence_joint")}${ours(problem.next_step)} (${problem.code})`] : null,
      [text("counter.sync.waiting"), whole(sync.pending)],
      [text("counter.sync.oldest"), sync.oldest_pending_at ? age(sync.oldest_pending_at) : "—"],
      [text("counter.sync.dead"), whole(sync.dead)],
      [text("counter.sync.receipt"), age(sync.last_receipt_at)],
      [text("counter.sync.clock"), offset === null ? "—" : text("counter.sync.clock_off", { ms: whole(offset) })],
      [text("counter.sync.fingerprint"), fingerprint],
      [text("counter.sync.epoch"), epoch],
      [text("counter.sync.version"), versions?.yima ?? "—"],
    ];
    document.getElementById("c-sync-facts").replaceChildren(...facts.filter(Boolean).flatMap(pair));
  }

  drawDevices() {
    const { devices, troubles } = this.status;
    const ready = devices.filter(isReady).length;
    // Troubles about a device that works all the same: it drops separators, or is set wrongly.
    const doubts = troubles.filter((/** @type {any} */ one) => one.device);
    const badge = document.getElementById("c-devices");
    const isWell = ready === devices.length && doubts.length === 0;
    badge.dataset.state = this.isLost || devices.length === 0 ? "unknown" : isWell ? "ok" : ready > 0 ? "notice" : "alarm";
    const counted = doubts.length > 0 ? "counter.devices.set_badly" : "counter.devices.count";
    put("c-devices-text", devices.length === 0 ? text("counter.devices.none") : text(counted, { ready, n: devices.length }));
    show("c-setup", this.inSetup.size > 0 && !this.isLost);
    put("c-setup-text", text("counter.setup.badge", { devices: [...this.inSetup].join(text("common.list_joint")) }));
    if (!document.getElementById("c-devices-dialog").open) return;
    document.getElementById("c-devices-none").hidden = devices.length > 0;
    const strangers = (this.status.unlisted_devices ?? []).filter((/** @type {any} */ one) => one.needs_person);
    document.getElementById("c-device-list").replaceChildren(...devices.map((/** @type {any} */ one) => deviceRow(one, this.inSetup.has(one.device), doubts)), ...strangers.map(strangerRow));
  }

  drawNotices() {
    const { sync, devices, clock_offset_ms: offset, is_approved: isApproved, fingerprint, catalogue_problem: library } = this.status;
    const line = this.isLost ? "unknown" : lineOf(sync);
    show("c-offline", line === "offline");
    show("c-off", line === "off");
    show("c-link", ["problem", "blocked", "silent", "revoked"].includes(line));
    document.getElementById("c-link").classList.toggle("y-notice--bad", line !== "silent");
    document.getElementById("c-link").classList.toggle("y-notice--warn", line === "silent");
    put("c-link-title", ours(sync.problem?.words));
    put("c-link-text", `${ours(sync.problem?.next_step)} ${text("counter.link.still")}`);
    put("c-link-code", sync.problem?.code ?? "");
    show("c-catalogue", !this.isLost && Boolean(library));
    put("c-catalogue-title", library ? ours(library.words) : "");
    put("c-catalogue-text", library ? ours(library.next_step) : "");
    put("c-catalogue-code", library?.code ?? "");
    show("c-unapproved", line === "online" && isApproved === false);
    put("c-unapproved-text", text("counter.unapproved.text", { fingerprint }));
    const skew = offset === null || offset === undefined ? 0 : Math.abs(offset) / 1000;
    show("c-skew", !this.isLost && skew > SKEW_S);
    put("c-skew-text", text("counter.skew.text", { skew: duration(skew) }));
    show("c-dead", !this.isLost && sync.dead > 0);
    put("c-dead-title", count("counter.dead.notice", sync.dead));
    const broken = devices.filter((/** @type {any} */ device) => !["ready", "opening", "silent"].includes(device.state));
    show("c-device-fault", !this.isLost && broken.length > 0);
    put("c-device-fault-title", count("counter.devices.broken", broken.length));
    put("c-device-fault-text", broken.map((/** @type {any} */ device) => `${device.device} ${stateWord(device.state)}`).join(text("common.list_joint")));
  }
}

/** What the line is. Being offline is no alarm, whatever the reason, unless it will not pass by itself. @param {any} sync */
function lineOf(sync) {
  if (!sync.is_enabled) return "off";
  if (sync.problem?.code === "terminal.revoked") return "revoked";
  if (sync.problem?.is_alarm) return sync.problem.code.startsWith("link.cannot_connect.") ? "blocked" : "problem";
  if (!sync.is_up) return "offline";
  if (sync.problem) return "silent";
  return sync.last_receipt_at ? "online" : "waiting";
}

/** @param {any} device */
function isReady(device) {
  return device.state === "ready";
}

/** @param {string} state */
function stateWord(state) {
  return has(`device.${state}`) ? text(`device.${state}`) : state;
}

/** @param {any} device @param {boolean} isInSetup @param {any[]} doubts */
function deviceRow(device, isInSetup, doubts) {
  const facts = [count("counter.devices.scans", device.scans, { n: whole(device.scans) })];
  if (device.refused > 0) facts.push(count("counter.devices.refused", device.refused, { n: whole(device.refused) }));
  if (device.restarts > 0) facts.push(count("counter.devices.restarts", device.restarts));
  if (isInSetup) facts.push(text("counter.setup.no_sale"));
  if (device.problem) facts.push(ours(device.words), ours(device.next_step), device.problem);
  for (const one of doubts) if (one.device === device.device) facts.push(ours(one.words), ours(one.next_step), one.code);
  return item(device.device, stateWord(device.state), facts.join(" · "));
}
