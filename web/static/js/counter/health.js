// How the terminal is beside its devices: the lamp of settlement, the line that tells the cashier what is urgent, and the
// panel that lists every trouble with its next step. The daemon says what is wrong; nothing is judged here but who hears it.
import { age, duration, whole } from "../format.js";
import { count, language, ours, text } from "../words.js";
import { pair } from "./basket.js";
import { item, made, mark, put, setShape, show } from "./rows.js";

/** How each state of a lamp looks and reads. @type {Record<string, {state: string, tone: string, shape: string, word: string, settlement: string}>} */
const LAMPS = {
  ok: { state: "ok", tone: "ok", shape: "check", word: "counter.lamp.ok", settlement: "counter.settlement.ok" },
  notice: { state: "notice", tone: "notice", shape: "warning", word: "counter.lamp.notice", settlement: "counter.settlement.notice" },
  down: { state: "notice", tone: "notice", shape: "cross", word: "counter.lamp.down", settlement: "counter.settlement.down" },
  off: { state: "unknown", tone: "quiet", shape: "offline", word: "counter.lamp.off", settlement: "counter.settlement.off" },
};
/** Alarms that have a notice of their own, or that an administrator sees in good time. */
const TOLD_ELSEWHERE = ["clock.off", "outbox.refused", "terminal.not_approved"];
/** Alarms about the store that do not stop the work. Any other one does. */
const WORK_GOES_ON = ["store.quota_alarm", "store.row_damaged", "store.salvaged"];
const KNOWN = "yima.known";

export class Health {
  constructor() {
    /** What somebody has read already, in this window. */
    this.known = new Set(JSON.parse(sessionStorage.getItem(KNOWN) ?? "[]"));
    this.told = /** @type {any} */ (null);
    document.getElementById("c-urgent-seen").addEventListener("click", () => this.putAway());
  }

  /** @param {any} status @param {boolean} isLost */
  draw(status, isLost) {
    this.drawBadges(status, isLost);
    this.drawUrgent(status, isLost);
    if (document.getElementById("c-health-dialog").open) drawPanel(status);
  }

  /** @param {any} status @param {boolean} isLost */
  drawBadges({ lamps, troubles }, isLost) {
    const lamp = LAMPS[isLost ? "off" : lamps.settlement.state] ?? LAMPS.notice;
    const [settlement, health] = [document.getElementById("c-settlement"), document.getElementById("c-health")];
    settlement.dataset.state = lamp.state;
    setShape(settlement, lamp.shape);
    put("c-settlement-text", isLost ? text("counter.settlement.unknown") : text(lamp.settlement));
    const hasAlarm = troubles.some((/** @type {any} */ one) => one.is_alarm);
    const state = isLost ? "unknown" : hasAlarm ? "alarm" : troubles.length > 0 ? "notice" : "ok";
    health.dataset.state = state;
    setShape(health, { unknown: "offline", alarm: "alert", notice: "warning", ok: "check" }[state]);
    put("c-health-text", troubles.length === 0 || isLost ? text("counter.health.open") : count("counter.health.count", troubles.length));
  }

  /** One line for the cashier: the first alarm that nothing else on the page tells. @param {any} status @param {boolean} isLost */
  drawUrgent({ troubles, sync, devices }, isLost) {
    const elsewhere = new Set([...TOLD_ELSEWHERE, sync.problem?.code, ...devices.map((/** @type {any} */ one) => one.problem)]);
    const urgent = isLost ? [] : troubles.filter((/** @type {any} */ one) => one.is_alarm && !elsewhere.has(one.code) && !this.isKnown(one));
    const first = urgent.find(stopsWork) ?? urgent[0];
    this.told = first ?? null;
    show("c-urgent", Boolean(first));
    if (!first) return;
    const line = document.getElementById("c-urgent");
    line.classList.toggle("y-notice--bad", stopsWork(first));
    line.classList.toggle("y-notice--warn", !stopsWork(first));
    put("c-urgent-title", ours(first.words));
    put("c-urgent-text", ours(first.next_step));
    put("c-urgent-more", urgent.length > 1 ? count("counter.urgent.more", urgent.length - 1) : "");
    show("c-urgent-seen", !stopsWork(first));
  }

  /** @param {any} trouble */
  isKnown(trouble) {
    return !stopsWork(trouble) && this.known.has(nameOf(trouble));
  }

  /** Somebody has read the line: it stays in the panel. */
  putAway() {
    this.known.add(nameOf(this.told));
    sessionStorage.setItem(KNOWN, JSON.stringify([...this.known].slice(-50)));
    show("c-urgent", false);
    document.getElementById("c-health").focus();
  }
}

/** A trouble by what it says, without its figures: those change from minute to minute. @param {any} trouble */
function nameOf(trouble) {
  return `${trouble.code} ${trouble.words.en.replace(/\d+/g, "")}`;
}

/** Nothing can be sold until it passes. @param {any} trouble */
function stopsWork(trouble) {
  return trouble.code.startsWith("store.") && trouble.is_alarm && !WORK_GOES_ON.includes(trouble.code);
}

/** @param {any} status */
function drawPanel(status) {
  const strangers = status.unlisted_devices.filter((/** @type {any} */ one) => one.needs_person);
  const troubles = [...status.troubles.map(troubleRow), ...strangers.map(strangerRow)];
  document.getElementById("c-lamps").replaceChildren(lampRow("counter.lamp.sync", status.lamps.sync), lampRow("counter.lamp.settlement", status.lamps.settlement));
  document.getElementById("c-troubles").replaceChildren(...troubles);
  show("c-troubles-none", troubles.length === 0);
  document.getElementById("c-health-facts").replaceChildren(...facts(status).flatMap(pair));
}

/** @param {string} title @param {any} lamp */
function lampRow(title, lamp) {
  const look = LAMPS[lamp.state] ?? LAMPS.notice;
  return item(text(title), mark(look.tone, look.shape, text(look.word)), ours(lamp.words));
}

/** @param {any} trouble */
function troubleRow(trouble) {
  const state = trouble.is_alarm ? mark("alarm", "alert", text("counter.trouble.alarm")) : mark("notice", "warning", text("counter.trouble.notice"));
  const row = item(ours(trouble.words), state, ours(trouble.next_step));
  row.append(made("small", trouble.code, "y-message__code"));
  return row;
}

/** What is plugged in and not read. @param {any} one */
export function strangerRow(one) {
  const row = item(one.label || one.node, mark("notice", "warning", ours(one.words)), ours(one.next_step));
  row.append(made("small", [one.node, one.code].join(" · "), "y-message__code"));
  return row;
}

/** @param {any} status @returns {[string, string][]} */
function facts({ quota, machine, clock_offset_ms: offset, sync, site, config }) {
  const found = /** @type {[string, string][]} */ ([]);
  if (quota) found.push([text("counter.fact.quota"), `${quota.used_percent} %`]);
  if (machine.disk_free_bytes !== null) found.push([text("counter.fact.disk"), gigabytes(machine.disk_free_bytes)]);
  if (machine.temperature_c !== null) found.push([text("counter.fact.temperature"), `${Math.round(machine.temperature_c)} °C`]);
  if (offset !== null) found.push([text("counter.sync.clock"), Math.abs(offset) < 1000 ? text("counter.sync.clock_off", { ms: whole(offset) }) : duration(Math.abs(offset) / 1000)]);
  found.push([text("counter.sync.dead"), whole(sync.dead)]);
  if (config) found.push([text("counter.fact.config"), config.wanted === config.applied ? text("counter.fact.config_same") : text("counter.fact.config_other")]);
  for (const peer of site.peers) found.push([text("counter.fact.peer", { terminal: peer.terminal }), heard(peer)]);
  return found;
}

/** @param {any} peer */
function heard(peer) {
  if (peer.is_heard) return text("counter.fact.heard");
  return [text("counter.fact.unheard", { age: age(peer.heard_at) }), ours(peer.words)].filter(Boolean).join(language === "zh" ? "；" : "; ");
}

/** @param {number} bytes */
function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
