// Codes that are typed: by hand into the dialog, or by a keyboard scanner into the window.
import { Problem } from "../api.js";
import { Wedge } from "../wedge.js";
import { ours, text } from "../words.js";
import { openDialog } from "./dialogs.js";
import { element } from "./element.js";
import { verdictWord } from "./list.js";

const LOOKS = { ok: "ok", notice: "warn", alarm: "bad" };

export class Entry {
  /** @param {import("./page.js").Page} page */
  constructor(page) {
    this.page = page;
    this.before = Promise.resolve();
    this.wedge = new Wedge((code) => this.scanned(code));
    element("c-manual-form").addEventListener("submit", (event) => this.submit(event));
  }

  open() {
    element("c-manual-answer").replaceChildren();
    openDialog("c-manual-dialog");
    element("c-manual-code").focus();
  }

  /** A keyboard scanner typed into the window: one code after the other, in their order. @param {string} code */
  scanned(code) {
    this.before = this.before.then(() => this.record(code));
  }

  /** @param {string} code */
  async record(code) {
    try {
      this.answer(await this.page.desk.enter(code, "wedge"));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // The page keeps nothing: what the daemon did not take must be scanned again.
      this.page.sound.play("alarm");
      this.page.messages.say("bad", text("counter.wedge.lost"), `${text("counter.wedge.lost_next")} ${problem.message}`);
    }
  }

  /** @param {SubmitEvent} event */
  async submit(event) {
    event.preventDefault();
    const input = element("c-manual-code");
    const raw = input.value.trim();
    if (!raw) return;
    try {
      this.answer(await this.page.desk.enter(raw, "typed"));
      input.value = "";
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.show("bad", [text("verdict.problem"), problem.message, problem.next]);
    }
    input.focus();
  }

  /** @param {import("./list.js").Scan} scan */
  answer(scan) {
    const happened = scan.verdict === "added" && !scan.units ? "" : ours(scan.words);
    this.show(LOOKS[scan.tone], [verdictWord(scan.verdict, scan), scan.name ?? "", happened, ours(scan.hint)]);
  }

  /** @param {string} look @param {string[]} sentences */
  show(look, sentences) {
    const box = document.createElement("p");
    box.className = `y-message y-message--${look}`;
    box.textContent = sentences.filter(Boolean).join(text("common.sentence_joint"));
    element("c-manual-answer").replaceChildren(box);
  }
}
