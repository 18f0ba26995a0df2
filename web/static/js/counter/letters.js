// What the centre refused: a list with the two ways out, for somebody who is signed in. The daemon keeps every record
// either way.
import { call } from "../api.js";
import { age } from "../format.js";
import { has, text } from "../words.js";
import { item, made } from "./rows.js";
import { isSignedIn } from "./view.js";

const PATH = "/api/v1/dead-letters";

export class Letters {
  /** @param {(problem: unknown) => void} tell @param {() => Promise<void>} refresh the status counts them too */
  constructor(tell, refresh) {
    this.tell = tell;
    this.refresh = refresh;
    this.section = document.getElementById("c-dead-letters");
    this.list = document.getElementById("c-dead-list");
    this.list.addEventListener("click", (event) => this.pressed(event));
    this.list.addEventListener("submit", (event) => this.setAside(event));
  }

  async load() {
    const letters = await call("GET", PATH).catch(this.tell);
    if (!letters) return;
    this.section.hidden = letters.length === 0;
    this.list.replaceChildren(...letters.map(row));
  }

  /** @param {Event} event */
  async pressed(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("button[data-act]");
    if (!button) return;
    const line = button.closest("li");
    if (button.dataset.act === "send") await this.ask(line, "send");
    else {
      const form = line.querySelector("form");
      form.hidden = false;
      form.querySelector("input").focus();
    }
  }

  /** @param {SubmitEvent} event */
  async setAside(event) {
    event.preventDefault();
    const line = /** @type {HTMLElement} */ (event.target).closest("li");
    await this.ask(line, "set-aside", { reason: line.querySelector("input").value.trim() });
  }

  /** @param {HTMLElement} line @param {string} act @param {object} [body] */
  async ask(line, act, body) {
    try {
      await call("PUT", `${PATH}/${encodeURIComponent(line.dataset.event)}/${act}`, body);
    } catch (problem) {
      line.querySelector("[role=alert]").textContent = [problem.message, problem.next].filter(Boolean).join(text("common.sentence_joint"));
      return;
    }
    await Promise.all([this.load(), this.refresh().catch(this.tell)]);
    document.getElementById("c-sync-dialog-title").focus();
  }
}

/** @param {any} letter */
function row(letter) {
  const kind = has(`event.${letter.kind}`) ? text(`event.${letter.kind}`) : letter.kind;
  const state = letter.set_aside ? text("counter.dead.is_set_aside") : letter.code;
  const small = [age(letter.created_at), letter.id];
  if (letter.set_aside) small.push(letter.code, letter.set_aside.operator, letter.set_aside.reason);
  const line = item(`${text("counter.dead.number", { seq: letter.seq })} ${kind}`, state, small.join(" · "));
  line.dataset.event = letter.id;
  if (isSignedIn()) line.append(ways(letter));
  return line;
}

/** @param {any} letter */
function ways(letter) {
  const [box, problem] = [made("div", "", "c-ways"), made("p", "", "c-ways__problem")];
  box.append(button("send", text("counter.dead.send")));
  if (!letter.set_aside) box.append(button("aside", text("counter.dead.set_aside")), form(letter.id));
  problem.setAttribute("role", "alert");
  box.append(problem);
  return box;
}

/** @param {string} id */
function form(id) {
  const whole = /** @type {HTMLFormElement} */ (made("form", "", "c-ways__form"));
  const [label, field, done] = [made("label", text("counter.dead.reason")), document.createElement("input"), made("button", text("counter.dead.set_aside_send"), "y-button y-button--primary")];
  field.className = "y-input";
  field.id = `c-reason-${id}`;
  field.required = true;
  field.maxLength = 200;
  field.autocomplete = "off";
  label.setAttribute("for", field.id);
  whole.hidden = true;
  whole.append(label, field, done);
  return whole;
}

/** @param {string} act @param {string} word */
function button(act, word) {
  const made_ = made("button", word, "y-button y-button--small");
  made_.setAttribute("type", "button");
  made_.dataset.act = act;
  return made_;
}
