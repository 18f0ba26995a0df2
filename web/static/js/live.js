// Follows the live bus (server-sent events). Reconnects by itself, names the last event it saw so that nothing is
// skipped, and knows when what the page shows is no longer live.

const STALE_MS = 25_000; // the bus pings every 10 s
const GRACE_MS = 1_500; // a reconnect that is quicker than this is nobody's business
const AGAIN_MS = 1_500;

/**
 * @typedef {object} Listener
 * @property {(event: string, value: any, id: number) => void} heard one event, in order
 * @property {() => void} reset the server could not replay: load everything again
 * @property {(isLive: boolean) => void} changed the connection went or came back
 */

export class Live {
  /** @param {string} url @param {string[]} events @param {Listener} listener */
  constructor(url, events, listener) {
    this.url = url;
    this.events = events;
    this.listener = listener;
    this.position = /** @type {number | null} */ (null);
    this.isLive = true;
    this.heardAt = performance.now();
    this.source = /** @type {EventSource | null} */ (null);
    this.timer = 0;
    this.lostTimer = 0;
  }

  /** Follow from `position`, the number of the last event that the page already shows. @param {number} position */
  start(position) {
    this.position = position;
    this.open();
    this.timer = window.setInterval(() => this.check(), 1_000);
  }

  stop() {
    window.clearInterval(this.timer);
    window.clearTimeout(this.lostTimer);
    this.source?.close();
    this.source = null;
  }

  open() {
    this.source?.close();
    this.heardAt = performance.now();
    const source = new EventSource(`${this.url}?after=${this.position}`);
    this.source = source;
    for (const name of this.events) source.addEventListener(name, (event) => this.take(name, event));
    source.addEventListener("ping", (event) => this.note(event));
    source.addEventListener("reset", (event) => {
      this.note(event);
      this.listener.reset();
    });
    source.addEventListener("error", () => this.failed(source));
  }

  /** @param {string} name @param {MessageEvent} event */
  take(name, event) {
    this.note(event);
    this.listener.heard(name, JSON.parse(event.data), this.position ?? 0);
  }

  /** @param {MessageEvent} event */
  note(event) {
    this.heardAt = performance.now();
    if (event.lastEventId) this.position = Number(event.lastEventId);
    this.say(true);
  }

  /** @param {EventSource} source */
  failed(source) {
    if (source !== this.source) return;
    // The browser tries again by itself, except after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) window.setTimeout(() => source === this.source && this.open(), AGAIN_MS);
    if (this.isLive && !this.lostTimer) this.lostTimer = window.setTimeout(() => this.say(false), GRACE_MS);
  }

  check() {
    if (this.source && performance.now() - this.heardAt > STALE_MS) {
      this.say(false);
      this.open();
    }
  }

  /** @param {boolean} isLive */
  say(isLive) {
    window.clearTimeout(this.lostTimer);
    this.lostTimer = 0;
    if (isLive === this.isLive) return;
    this.isLive = isLive;
    this.listener.changed(isLive);
  }
}
