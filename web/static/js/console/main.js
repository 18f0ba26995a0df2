// The console's pages are complete without scripts. With them, ages go on counting, lists follow what happens, and
// live scans arrive by themselves.
import { Live } from "../live.js";
import { duration } from "../format.js";
import { text } from "../words.js";
import { tickAges } from "./ages.js";
import { Refresh } from "./refresh.js";
import { LiveScans } from "./scans.js";

const LIVE = "/api/v1/scans/live";
const SESSION = "/api/v1/session";
const ASK_MS = 5_000; // between two questions whether we are still signed in, while the page is not live

/** Says since when the page is not live any more, because what it shows may be old. */
class Push {
  constructor() {
    this.place = document.getElementById("k-push");
    this.lostAt = 0;
    window.setInterval(() => this.draw(), 1_000);
    window.setInterval(() => this.lostAt && leaveIfSignedOut(), ASK_MS);
  }

  /** @param {boolean} isLive */
  changed(isLive) {
    this.lostAt = isLive ? 0 : Date.now();
    this.draw();
    if (!isLive) leaveIfSignedOut();
  }

  draw() {
    this.place.hidden = this.lostAt === 0;
    if (this.lostAt) this.place.lastElementChild.textContent = text("console.push.paused", { since: duration((Date.now() - this.lostAt) / 1000) });
  }
}

/** A page whose reader has been signed out must not go on showing what it shows: loaded again, it leads to the door. */
async function leaveIfSignedOut() {
  const answer = await fetch(SESSION).catch(() => null); // no answer: the centre is away, and the page says so
  if (answer?.status === 401) location.reload();
}

function focusSearchOnSlash() {
  window.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key !== "/" || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
    const search = document.getElementById("k-search") ?? document.getElementById("k-code");
    if (!search) return;
    event.preventDefault();
    search.focus();
  });
}

/** @param {Push} push */
function follow(push) {
  const refresh = new Refresh();
  const table = document.getElementById("k-scans");
  const scans = table ? new LiveScans(table) : null;
  const live = new Live(LIVE, ["scan", "totals", "device", "alert"], {
    heard: (event, value) => {
      if (event === "scan") scans?.add(value);
      else refresh.soon();
    },
    reset: () => refresh.soon(),
    changed: (isLive) => {
      push.changed(isLive);
      scans?.changed(isLive);
      if (isLive) refresh.soon();
    },
  });
  const start = () => live.start(live.position ?? Number(table?.dataset.start ?? document.body.dataset.position));
  // A browser keeps few connections to one host: a page that nobody looks at gives its own back.
  document.addEventListener("visibilitychange", () => (document.hidden ? live.stop() : start()));
  if (!document.hidden) start();
}

tickAges();
focusSearchOnSlash();
if (document.body.dataset.position) follow(new Push());
document.documentElement.dataset.ready = "yes";
