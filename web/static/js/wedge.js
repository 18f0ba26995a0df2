// Catches a keyboard scanner that types into the window, wherever the focus is, so that a code never lands in a text
// field. People need more than 30 ms for a key, scanners less; the middle of the gaps decides, so that one hiccup of a
// busy machine does not cut a code in two. What a run had written into a field before it was known is taken back, and
// what was held back of a quick hand is written after all. A serial scanner is better; this is the safety net.

const QUICK_MS = 30;
const PAUSE_MS = 90; // a gap between two keys, by the time they were pressed, that begins a new run
const SILENCE_MS = 250; // after which a run without a suffix has ended; longer, because the page may be busy
const SUFFIX_MS = 1_000; // the same where codes have come with a suffix: keys may be late, and half a code is no code
const LEAST_KEYS = 6;
const MOST_KEYS = 4_096;
const GROUP_SEPARATOR = "\x1d";

/** A text field as it was before a run began. @typedef {{element: HTMLInputElement, value: string, from: number, to: number}} Field */

class Run {
  /** @param {Field | null} field */
  constructor(field) {
    this.field = field;
    this.keys = /** @type {string[]} */ ([]);
    this.gaps = /** @type {number[]} */ ([]);
    this.isHeldBack = false;
    this.isHand = false;
  }

  get isQuick() {
    const sorted = [...this.gaps].sort((a, b) => a - b);
    return sorted.length > 0 && sorted[Math.floor(sorted.length / 2)] < QUICK_MS;
  }

  get isScan() {
    return !this.isHand && this.isQuick && this.keys.length >= LEAST_KEYS;
  }

  /** Put the field back as it was before the run. */
  restore() {
    if (this.field) this.field.element.value = this.field.value;
  }

  /** It was a hand: write what was held back. */
  giveBack() {
    this.isHand = true;
    if (!this.isHeldBack || !this.field) return;
    const { element, value, from, to } = this.field;
    const typed = this.keys.join("");
    element.value = value.slice(0, from) + typed + value.slice(to);
    element.setSelectionRange(from + typed.length, from + typed.length);
    element.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

export class Wedge {
  /** @param {(code: string) => void} scanned */
  constructor(scanned) {
    this.scanned = scanned;
    this.run = new Run(null);
    this.lastAt = -Infinity;
    this.timer = 0;
    this.hasSuffix = false;
    window.addEventListener("keydown", (event) => this.key(event), { capture: true });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    // A password is never looked at: some people have it typed by a program, as fast as a scanner.
    const isSecret = event.target instanceof HTMLInputElement && event.target.type === "password";
    const isModifier = ["Shift", "Control", "Alt", "CapsLock"].includes(event.key);
    if (event.repeat || isSecret || isModifier) return;
    const character = characterOf(event);
    const isEnd = event.key === "Enter" || event.key === "Tab";
    if (character !== null) {
      this.add(event, character);
    } else {
      if (isEnd && this.run.isScan) {
        this.hasSuffix = true;
        swallow(event);
      }
      this.end();
    }
  }

  /** @param {KeyboardEvent} event @param {string} character */
  add(event, character) {
    const gap = event.timeStamp - this.lastAt;
    if (gap >= PAUSE_MS) this.begin(event);
    else this.run.gaps.push(gap);
    this.lastAt = event.timeStamp;
    if (this.run.keys.length < MOST_KEYS) this.run.keys.push(character);
    this.holdBack(event);
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.end(), this.hasSuffix ? SUFFIX_MS : SILENCE_MS);
  }

  /** Keep the key from the page while the run looks like a scanner's. @param {KeyboardEvent} event */
  holdBack(event) {
    const { run } = this;
    if (run.isHand) return;
    if (run.isQuick) {
      run.isHeldBack = true;
      swallow(event);
    } else if (run.isHeldBack) {
      swallow(event);
      run.giveBack();
    }
  }

  /** @param {KeyboardEvent} event */
  begin(event) {
    this.end();
    const target = event.target;
    const isField = target instanceof HTMLInputElement && target.selectionStart !== null;
    this.run = new Run(isField ? { element: target, value: target.value, from: target.selectionStart, to: target.selectionEnd } : null);
  }

  end() {
    window.clearTimeout(this.timer);
    const { run } = this;
    this.run = new Run(null);
    this.lastAt = -Infinity;
    if (run.isScan) {
      run.restore();
      this.scanned(run.keys.join(""));
    } else if (!run.isHand) {
      run.giveBack();
    }
  }
}

/** @param {KeyboardEvent} event */
function characterOf(event) {
  if (event.isComposing || event.altKey || event.metaKey) return null;
  if (event.ctrlKey) return event.key === "]" ? GROUP_SEPARATOR : null;
  return event.key.length === 1 ? event.key : null;
}

/** @param {KeyboardEvent} event */
function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
