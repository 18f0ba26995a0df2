// Rows that the centre's ledger is owed and that do not go by themselves: what they lack, or why they were refused.
import { call } from "../api.js";
import { element } from "../counter/element.js";
import { made, mark, show } from "../counter/rows.js";
import { ours, oursOf, text } from "../words.js";
import { button } from "../till/problem.js";

const API = "/api/v1";
/** @type {Record<string, [string, string]>} */
const LOOKS = { waiting: ["notice", "question"], refused: ["alarm", "cross"], due: ["quiet", "sync"], asked: ["quiet", "clock"] };

export class Rows {
  /** @param {import("../till/frame.js").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    this.isAny = false;
    this.drawn = "";
  }

  async load() {
    this.draw((await call("GET", `${API}/ledger-rows`)).rows);
  }

  /** @param {any[]} rows */
  draw(rows) {
    const news = JSON.stringify(rows);
    // Only what is new: a list that is drawn again takes the focus away.
    if (news === this.drawn) return;
    this.drawn = news;
    this.isAny = rows.length > 0;
    show("t-rows-none", rows.length === 0);
    element("t-rows").replaceChildren(...rows.map((row) => this.row(row)));
  }

  /** @param {any} row */
  row(row) {
    const item = made("li", "", "t-ticket");
    const title = made("p", "");
    title.append(made("b", text(`after.row.${row.infno}`)), " ", made("span", `${row.sale} · ${text("till.cut.line")} ${row.line} · ${row.product}`, "y-code"));
    const [tone, shape] = LOOKS[row.state] ?? LOOKS.waiting;
    item.append(title, mark(tone, shape, text(`after.row_state.${row.state}`)));
    const why = [...row.lacks.map(ours), row.waits ? ours(row.waits) : "", oursOf(row.told)].filter(Boolean).join(" · ");
    if (why) item.append(made("p", why, "t-ticket__more"));
    if (row.next_step) item.append(made("p", ours(row.next_step), "t-ticket__more"));
    if (row.is_final) item.append(made("p", text("after.row.final"), "t-ticket__more"));
    item.append(this.buttons(row));
    return item;
  }

  /** @param {any} row */
  buttons(row) {
    const buttons = made("div", "", "t-buttons");
    if (row.state === "waiting") buttons.append(button(text("after.row.batch"), "y-button--primary", () => this.name(row)));
    if (row.state === "refused" && !row.is_final) buttons.append(button(text("after.row.again"), "", () => this.frame.ask(async () => this.draw((await call("POST", `${API}/ledger-rows/${row.id}/send-again`)).rows))));
    if (["waiting", "refused"].includes(row.state)) buttons.append(button(text("after.row.aside"), "", () => this.setAside(row)));
    return buttons;
  }

  /** The lot that a line was taken from: put into the register, and named for the line. @param {any} row */
  name(row) {
    const fields = [
      { name: "batch", label: text("after.batch.batch"), most: 30 },
      { name: "lot", label: text("after.batch.lot"), most: 30 },
      { name: "made_on", label: text("after.batch.made_on"), type: "date" },
      { name: "expires_on", label: text("after.batch.expires_on"), type: "date", isOptional: true },
    ];
    this.frame.askFor({ title: text("after.row.batch"), says: text("after.batch.text", { product: row.product, line: row.line }), send: text("after.batch.send"), fields }, async (said) => {
      const { sale, line, product } = row;
      const cells = [product, said.batch, said.lot, said.made_on, said.expires_on].map((cell) => cell.replace(/[\t\n]/g, " "));
      await call("POST", `${API}/batches`, { text: `product\tbatch\tlot\tmade_on\texpires_on\n${cells.join("\t")}\n` });
      await call("POST", `${API}/batches/name`, { sale, line, product, batch: said.batch });
      await this.load();
    });
  }

  /** @param {any} row */
  setAside(row) {
    const fields = [{ name: "reason", label: text("counter.return.reason") }];
    this.frame.askFor({ title: text("after.row.aside"), says: text("after.row.aside_text"), send: text("after.row.aside"), fields }, async (said) => {
      this.draw((await call("POST", `${API}/ledger-rows/${row.id}/set-aside`, said)).rows);
    });
  }
}
