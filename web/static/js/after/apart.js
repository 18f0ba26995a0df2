// Packs that came back and lie apart, until a person answers for one of them.
import { call } from "../api.js";
import { element } from "../counter/element.js";
import { made, show } from "../counter/rows.js";
import { age, writeCode } from "../format.js";
import { text } from "../words.js";
import { button } from "../till/problem.js";

const API = "/api/v1";

export class Apart {
  /** @param {import("../till/frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.drawn = "";
  }

  async load() {
    this.draw((await call("GET", `${API}/quarantine`)).packs);
  }

  /** @param {any[]} packs */
  draw(packs) {
    const news = JSON.stringify(packs);
    if (news === this.drawn) return;
    this.drawn = news;
    show("t-apart-none", packs.length === 0);
    element("t-apart").replaceChildren(...packs.map((pack) => this.row(pack)));
  }

  /** @param {any} pack */
  row(pack) {
    const row = made("li", "", "t-ticket");
    const code = made("b", "", "y-code");
    writeCode(code, pack.code);
    const more = [pack.reason, pack.sale, age(pack.since), pack.operator].filter(Boolean).join(" · ");
    // What lies at another terminal is released there, by whoever has it before them.
    const act = pack.terminal ? made("span", text("after.apart.there", { terminal: pack.terminal })) : button(text("after.apart.release"), "y-button--small", () => this.release(pack.code));
    row.append(code, act, made("p", more, "t-ticket__more"));
    return row;
  }

  /** @param {string} code */
  release(code) {
    const fields = [{ name: "reason", label: text("counter.return.reason") }];
    this.frame.askFor({ title: text("after.apart.release"), says: text("after.apart.says", { code }), send: text("after.apart.release"), fields }, async (said) => {
      this.draw((await call("POST", `${API}/quarantine/${encodeURIComponent(code)}/release`, said)).packs);
    });
  }
}
