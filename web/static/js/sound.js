// The counter's tones. Volume and mute belong to this terminal; a mute never silences an alarm.

const VOLUME = "yima.volume";
const MUTED = "yima.muted";
const LEAST_ALARM = 0.4;
const GAP_MS = 45; // so that a burst of scans is heard as single tones, and a replay is no siren

/** Frequency, start and length in ms of each part. @type {Record<string, [number, number, number][]>} */
const TONES = {
  ok: [[1000, 0, 60]],
  notice: [[500, 0, 180]],
  alarm: [
    [300, 0, 200],
    [300, 280, 200],
  ],
};

export class Sound {
  constructor() {
    /** @type {AudioContext | null} */
    this.context = null;
    this.volume = stored(VOLUME, 0.6);
    this.isMuted = localStorage.getItem(MUTED) === "yes";
    this.playedAt = /** @type {Record<string, number>} */ ({});
    // Browsers let a page make sound only after a person has touched it, unless the kiosk allows it from the start.
    this.wake();
    for (const name of ["pointerdown", "keydown"]) window.addEventListener(name, () => this.wake(), { capture: true });
  }

  /** The browser lets the page be heard. */
  get isAllowed() {
    return this.context !== null && this.context.state === "running";
  }

  wake() {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") this.context.resume().then(() => this.tell(), () => this.tell());
  }

  /** @param {number} volume between 0 and 1 */
  setVolume(volume) {
    this.volume = volume;
    localStorage.setItem(VOLUME, String(volume));
    this.tell();
  }

  /** @param {boolean} isMuted */
  setMuted(isMuted) {
    this.isMuted = isMuted;
    localStorage.setItem(MUTED, isMuted ? "yes" : "no");
    this.tell();
  }

  /** @param {"ok" | "notice" | "alarm"} tone */
  play(tone) {
    const loudness = this.loudness(tone);
    const now = performance.now();
    const isTooSoon = now - (this.playedAt[tone] ?? -Infinity) < GAP_MS;
    document.dispatchEvent(new CustomEvent("yima:tone", { detail: { tone, loudness } }));
    if (loudness === 0 || isTooSoon) return;
    this.playedAt[tone] = now;
    this.wake();
    if (this.context) for (const [hz, start, length] of TONES[tone]) this.sound(hz, start, length, loudness);
  }

  /** @param {string} tone */
  loudness(tone) {
    if (tone === "alarm") return Math.max(this.volume, LEAST_ALARM);
    return this.isMuted ? 0 : this.volume;
  }

  /** @param {number} hz @param {number} startMs @param {number} lengthMs @param {number} loudness */
  sound(hz, startMs, lengthMs, loudness) {
    const context = /** @type {AudioContext} */ (this.context);
    const start = context.currentTime + startMs / 1000;
    const end = start + lengthMs / 1000;
    const oscillator = new OscillatorNode(context, { frequency: hz });
    const gain = new GainNode(context, { gain: 0 });
    // Short ramps, or each tone begins and ends with a click.
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(loudness * 0.5, start + 0.005);
    gain.gain.setValueAtTime(loudness * 0.5, end - 0.01);
    gain.gain.linearRampToValueAtTime(0, end);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(start);
    oscillator.stop(end);
  }

  tell() {
    document.dispatchEvent(new CustomEvent("yima:sound"));
  }
}

/** @param {string} name @param {number} otherwise */
function stored(name, otherwise) {
  const kept = Number.parseFloat(localStorage.getItem(name) ?? "");
  return Number.isFinite(kept) ? Math.min(1, Math.max(0, kept)) : otherwise;
}
