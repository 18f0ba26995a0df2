// What is under way: its step, what it means for the drawer, and what a person may choose.
import { call } from "../api.js";
import { element } from "../counter/element.js";
import { made, mark, show } from "../counter/rows.js";
import { age } from "../format.js";
import { count, oursOf, text } from "../words.js";
import { button } from "../till/problem.js";
import { moneyWords } from "./found.js";

const API = "/api/v1";
const PERSON_MS = 180_000;

export class Undertakings {
  /** @param {import("../till/frame.js").Frame} frame @param {() => Promise<void>} load */
  constructor(frame, load) {
    this.frame = frame;
    this.reload = load;
    this.isAny = false;
    this.drawn = "";
  }

  async load() {
    const { undertakings } = await call("GET", `${API}/undertakings`);
    const news = JSON.stringify(undertakings);
    if (news === this.drawn) return;
    this.drawn = news;
    this.isAny = undertakings.length > 0;
    show("t-under-none", !this.isAny);
    element("t-under").replaceChildren(...undertakings.map((/** @type {any} */ one) => this.row(one)));
  }

  /** @param {any} one */
  row(one) {
    const row = made("li", "", "t-ticket");
    const title = made("p", "");
    title.append(made("b", text(`after.kind.${one.kind}`)), " ", made("span", one.sale, "y-code"));
    const state = one.is_asking ? mark("notice", "clock", text("after.under.asking")) : mark(one.choices.length > 0 ? "alarm" : "notice", one.choices.length > 0 ? "question" : "clock", text(`after.step.${one.step}`));
    const facts = [one.codes.length > 0 ? count("counter.boxes", one.codes.length) : "", age(one.begun_at), one.operator, oursOf(one.told)];
    row.append(title, state, made("p", facts.filter(Boolean).join(" · "), "t-ticket__more"), made("p", moneyWords(one), "t-ticket__more"), this.buttons(one));
    return row;
  }

  /** @param {any} one */
  buttons(one) {
    const buttons = made("div", "", "t-buttons");
    for (const choice of one.choices) buttons.append(button(text(`after.choice.${choice}`), choice === "again" ? "y-button--primary" : "", () => this.goOn(one, { choice })));
    if (one.choices.includes("again")) for (const by of ["voucher", "face", "card", "id"]) buttons.append(button(text(`after.again_with.${by}`), "", () => this.goOn(one, { choice: "again", by })));
    if (one.choices.length === 0) buttons.append(button(text("after.under.go_on"), "", () => this.goOn(one, {})));
    return buttons;
  }

  /** @param {any} one @param {object} said */
  goOn(one, said) {
    const waits = said.by ? text(`till.wait.${said.by}`) : text("till.wait.settle");
    return this.frame.ask(
      async () => {
        const now = await call("POST", `${API}/undertakings/${encodeURIComponent(one.id)}/go-on`, said, {}, PERSON_MS);
        await this.reload();
        if (now.ended_at) element("t-problem").replaceChildren(made("p", `${now.sale}: ${moneyWords(now)}`, "y-message y-message--ok"));
      },
      undefined,
      waits,
    );
  }
}
