// One place beside the work where the counter says what went wrong, or what was done, with the way on.
import { text } from "../words.js";

const GOOD_MS = 6_000;

export class Messages {
  constructor() {
    this.place = document.getElementById("c-message");
    this.timer = 0;
  }

  /** @param {import("../api.js").Problem} problem @param {{label: string, act: () => void}} [way] a button that helps */
  problem(problem, way) {
    this.show("bad", problem.message, problem.next, problem.code, way);
  }

  /** @param {"bad" | "ok" | "warn"} kind @param {string} title @param {string} [next] */
  say(kind, title, next = "") {
    this.show(kind, title, next, "");
    if (kind === "ok") this.timer = window.setTimeout(() => this.clear(), GOOD_MS);
  }

  clear() {
    window.clearTimeout(this.timer);
    this.place.replaceChildren();
  }

  get isShown() {
    return this.place.childElementCount > 0;
  }

  /**
   * @param {string} kind @param {string} title @param {string} next @param {string} code
   * @param {{label: string, act: () => void}} [way]
   */
  show(kind, title, next, code, way) {
    window.clearTimeout(this.timer);
    const box = made("div", `y-message y-message--${kind}`);
    const words = made("div", "c-message__text");
    words.append(made("p", "", title), made("p", "y-message__next", next));
    if (code) words.append(made("p", "y-message__code", code));
    box.append(words);
    if (way) {
      const button = made("button", "y-button y-button--small", way.label);
      button.addEventListener("click", way.act);
      box.append(button);
    }
    const close = made("button", "y-close", "×");
    close.setAttribute("aria-label", text("common.close"));
    close.addEventListener("click", () => this.clear());
    box.append(close);
    this.place.replaceChildren(box);
  }
}

/** @param {string} tag @param {string} name @param {string} [content] @returns {HTMLElement} */
function made(tag, name, content = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (tag === "button") element.setAttribute("type", "button");
  element.textContent = content;
  return element;
}
