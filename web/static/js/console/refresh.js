// Lists that follow what happens: the page is asked for again and its marked part is put in the place of the old one.
// The server renders it as it rendered the first one, so there is one form of each list and not two.

const LEAST_MS = 2_000; // between two refreshes, however much happens
const IDLE_MS = 20_000;

export class Refresh {
  constructor() {
    this.part = document.querySelector("[data-refresh]")?.getAttribute("data-refresh");
    this.doneAt = performance.now();
    this.timer = 0;
    if (this.part) window.setInterval(() => document.hidden || this.soon(), IDLE_MS);
  }

  /** Refresh as soon as that is polite. */
  soon() {
    if (!this.part || this.timer) return;
    const wait = Math.max(0, this.doneAt + LEAST_MS - performance.now());
    this.timer = window.setTimeout(() => this.run(), wait);
  }

  async run() {
    await this.replace();
    this.timer = 0;
    this.doneAt = performance.now();
  }

  async replace() {
    const fresh = await this.load();
    const old = document.querySelector(`[data-refresh="${this.part}"]`);
    // Nothing moves under a hand that is at work there.
    if (!fresh || old.contains(document.activeElement) || old.innerHTML === fresh.innerHTML) return;
    old.replaceWith(fresh);
  }

  /** @returns {Promise<Element | null>} */
  async load() {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) return null;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return page.querySelector(`[data-refresh="${this.part}"]`);
    } catch {
      return null; // The page says by itself that it is not live; the next round tries again.
    }
  }
}
