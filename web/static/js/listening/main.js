// What listening to the institution's software found: which sales would have been unpaid, what they come to, and why. The
// sums are of the whole period; the list of sales is narrowed by day and cause, and is printed as it stands.
import { call } from "../api.js";
import { element } from "../counter/element.js";
import { item, made, mark, put, show } from "../counter/rows.js";
import { amount, whole } from "../format.js";
import { count, ours, text } from "../words.js";
import { Frame } from "../till/frame.js";
import { tableRow } from "../till/problem.js";

const API = "/api/v1";
const WITHIN_MS = 60_000;
const CHOICES = ["t-heard-day", "t-heard-cause"];

class Listening {
  constructor() {
    this.frame = new Frame(this);
    this.found = /** @type {any} */ (null);
    element("t-heard-form").addEventListener("submit", (event) => this.submitted(event));
    element("t-heard-days").addEventListener("change", () => this.look());
    for (const id of CHOICES) element(id).addEventListener("change", () => this.look());
    element("t-heard-print").addEventListener("click", () => window.print());
  }

  /** @param {SubmitEvent} event */
  submitted(event) {
    event.preventDefault();
    this.look();
  }

  look() {
    return this.frame.ask(() => this.load(), undefined, text("listening.wait"));
  }

  async load() {
    const asked = { days: element("t-heard-days").value, day: element("t-heard-day").value, cause: element("t-heard-cause").value };
    const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ""));
    this.found = await call("GET", `${API}/pos/report?${query}`, undefined, {}, WITHIN_MS);
    drawWhole(this.found);
    drawSales(this.found);
  }

  heard() {}

  draw() {
    const { isWorking } = this.frame;
    for (const one of document.querySelectorAll("#t-heard-form :is(button, select), #t-heard-day, #t-heard-cause")) one.disabled = !isWorking;
    element("t-heard-print").disabled = !isWorking || !this.found || this.found.watched === 0;
  }
}

/** @param {any} found */
function drawWhole({ is_listening: isListening, watched, unpaid, yuan, by_cause: causes, by_day: days, waiting, unjoined, unread }) {
  put("t-heard-verdict", watched === 0 ? "" : text("listening.verdict", { watched: whole(watched), unpaid: whole(unpaid), yuan: amount(yuan) }));
  const state = isListening ? mark("ok", "check", text("listening.on")) : mark("quiet", "offline", text("listening.off"));
  element("t-heard-state").replaceChildren(state);
  show("t-heard-none", unpaid === 0);
  put("t-heard-none-text", text(watched > 0 ? "listening.all_paid" : isListening ? "listening.nothing_yet" : "listening.nothing"));
  put("t-heard-none-next", watched > 0 ? "" : text(isListening ? "listening.nothing_yet_next" : "listening.nothing_next"));
  element("t-heard-beside").replaceChildren(
    ...[["waiting", waiting], ["unjoined", unjoined]].filter(([, n]) => n > 0).map(([what, n]) => item(text(`listening.beside.${what}`), whole(Number(n)), text(`listening.beside.${what}_text`))),
    ...unread.map((/** @type {any} */ one) => item(text("listening.beside.unread"), whole(one.count), ours(one.words))),
  );
  for (const id of ["t-causes-card", "t-days-card", "t-unpaid-card"]) show(id, unpaid > 0);
  element("t-causes").tBodies[0].replaceChildren(...causes.map((/** @type {any} */ one) => sumRow(ours(one.words), one)));
  element("t-days").tBodies[0].replaceChildren(...days.map((/** @type {any} */ one) => sumRow(one.day, one)));
  offer("t-heard-day", days.map((/** @type {any} */ one) => [one.day, one.day]));
  offer("t-heard-cause", causes.map((/** @type {any} */ one) => [one.cause, ours(one.words)]));
}

/** @param {string} name @param {{count: number, yuan: string}} sums */
function sumRow(name, { count: number, yuan }) {
  return tableRow([name, whole(number), amount(yuan)]);
}

/** Offer what there is, and keep what was chosen. @param {string} id @param {[string, string][]} choices */
function offer(id, choices) {
  const chosen = element(id).value;
  const all = /** @type {[string, string][]} */ ([["", text("listening.every")], ...choices]);
  element(id).replaceChildren(
    ...all.map(([value, name]) => {
      const option = made("option", name);
      option.setAttribute("value", value);
      return option;
    }),
  );
  if (choices.some(([value]) => value === chosen)) element(id).value = chosen;
}

/** @param {any} found */
function drawSales({ sales, listed, listed_yuan: yuan }) {
  element("t-unpaid").tBodies[0].replaceChildren(...sales.map(saleRow));
  const sum = count("listening.listed", listed, { n: whole(listed), yuan: amount(yuan) });
  const chosen = CHOICES.map((id) => element(id)).filter((one) => one.value !== "").map((one) => one.selectedOptions[0].textContent);
  const more = listed > sales.length ? text("listening.more", { n: whole(sales.length) }) : "";
  put("t-unpaid-sum", [chosen.join(text("common.list_joint")), sum, more].filter(Boolean).join(" · "));
}

/** @param {any} sale */
function saleRow({ day, sale, yuan, findings }) {
  const why = made("ul", "", "t-why");
  for (const one of findings) why.append(made("li", ours(one.words)));
  return tableRow([day, made("span", sale, "y-code"), amount(yuan), why]);
}

const listening = new Listening();
await listening.frame.begin();
document.documentElement.dataset.ready = "yes";
