// The set-up of scanners. The daemon holds every set-up; the page shows it and hands on what a person decides.
import { call, Problem } from "../api.js";
import { Live } from "../live.js";
import { draw, drawMessage } from "./view.js";

const API = "/api/v1";
const AGAIN_MS = 2_000;
const EVENTS = ["setup", "device", "session"];

class Page {
  constructor() {
    /** @type {any[]} */
    this.scanners = [];
    /** The scanner whose set-up or result is shown. @type {string | null} */
    this.chosen = null;
    this.isSignedIn = false;
    this.isLost = false;
    this.isListening = false;
    this.live = new Live(`${API}/live`, EVENTS, {
      heard: () => this.load(),
      reset: () => this.load(),
      changed: (isLive) => this.changed(isLive),
    });
    document.getElementById("s-print").addEventListener("click", () => window.print());
    document.getElementById("s-skip").addEventListener("click", () => this.skip());
    document.getElementById("s-stop").addEventListener("click", () => this.stop());
    document.getElementById("s-list").addEventListener("click", (event) => this.pressed(event));
  }

  /** Load everything, until it works; then listen. */
  async load() {
    try {
      this.isSignedIn = await isSignedIn();
      this.scanners = await call("GET", `${API}/scanner-setup`);
      this.isLost = false;
      this.chooseRunning();
      this.listen();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.isSignedOut) this.scanners = [];
      else {
        this.isLost = true;
        window.setTimeout(() => this.load(), AGAIN_MS);
      }
    }
    draw(this);
    document.documentElement.dataset.ready = "";
  }

  /** Show a set-up that runs already when the page is opened. */
  chooseRunning() {
    if (this.chosen !== null) return;
    const running = this.scanners.find((one) => one.setup?.stage === "running");
    if (running) this.chosen = running.status.device;
  }

  listen() {
    if (this.isListening) return;
    this.isListening = true;
    this.live.start(Number(document.body.dataset.position));
  }

  /** @param {boolean} isLive */
  changed(isLive) {
    this.isLost = !isLive;
    draw(this);
    if (isLive) this.load();
  }

  /** @param {Event} event */
  async pressed(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (!button) return;
    this.chosen = button.dataset.device;
    if (button.dataset.act === "begin") await this.ask("PUT", "", { device: this.chosen });
    else draw(this);
    document.getElementById(button.dataset.act === "begin" ? "s-run-title" : "s-result-title").focus();
  }

  skip() {
    const run = this.scanners.find((one) => one.status.device === this.chosen)?.setup;
    if (run?.next_symbol) this.ask("PUT", "/skip", { device: this.chosen, symbol: run.next_symbol });
  }

  stop() {
    this.ask("DELETE", `?device=${encodeURIComponent(this.chosen)}`);
  }

  /** @param {"PUT" | "DELETE"} method @param {string} path @param {object} [body] */
  async ask(method, path, body) {
    drawMessage(null);
    try {
      await call(method, `${API}/scanner-setup${path}`, body);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      drawMessage(problem);
    }
    await this.load();
  }
}

async function isSignedIn() {
  try {
    await call("GET", `${API}/session`);
    return true;
  } catch (problem) {
    if (problem instanceof Problem && problem.isSignedOut) return false;
    throw problem;
  }
}

new Page().load();
