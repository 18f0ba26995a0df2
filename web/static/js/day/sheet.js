// How a business day looks: figures, what is not finished, how its books compare, and the days before it.
import { element } from "../counter/element.js";
import { item, made, mark, put, show } from "../counter/rows.js";
import { age, amount, whole } from "../format.js";
import { count, ours, oursOf, text } from "../words.js";
import { button, drawSums, tableRow } from "../till/problem.js";
import { insuranceName } from "../till/pay_view.js";

/** @type {Record<string, [string, string]>} */
const STATES = { closed: ["ok", "check"], incomplete: ["notice", "clock"], changed: ["alarm", "alert"], differs: ["alarm", "alert"], reopened: ["notice", "back"] };
const EQUAL = "000000";

/** @param {any} sheet */
export function drawSheet(sheet) {
  element("t-state").replaceChildren(stateMark(sheet.state));
  element("t-reasons").replaceChildren(...sheet.reasons.map((one) => item(ours(one.why), "", ours(one.next_step))));
  show("t-reasons", sheet.reasons.length > 0);
  drawSums(element("t-money"), [
    [text("day.self_paid"), amount(sheet.self_paid)],
    [text("day.insured_cash"), amount(sheet.insured_cash)],
    [text("day.drawer"), amount(Number(sheet.self_paid) + Number(sheet.insured_cash))],
    [text("day.insured"), amount(sheet.sales.reduce((sum, one) => sum + Number(one.sums.fee), 0))],
  ]);
  element("t-sales").tBodies[0].replaceChildren(...sheet.sales.map((one) => tableRow(groupCells(one))));
  show("t-sales-none", sheet.sales.length === 0);
  element("t-sales").hidden = sheet.sales.length === 0;
  drawOpen(sheet);
  drawBooks(sheet);
}

/** @param {string | null} state */
function stateMark(state) {
  const [tone, shape] = STATES[state ?? ""] ?? ["quiet", "clock"];
  return mark(tone, shape, text(`day.state.${state ?? "open"}`));
}

/** @param {any} one */
function groupCells({ group, sums }) {
  const name = made("span", insuranceName(group.insutype));
  name.append(made("small", text("day.group_of", { clr_type: group.clr_type, district: group.clr_optins })));
  return [name, ...sumCells(sums)];
}

/** @param {any} sums */
function sumCells({ count: number, fee, funds, account, cash }) {
  return [whole(number), amount(fee), amount(funds), amount(account), amount(cash)];
}

/** @param {any} sheet */
function drawOpen({ unfinished, unread, missing }) {
  const rows = [
    ...listed("unknown", unfinished.unknown),
    ...listed("undertakings", unfinished.undertakings),
    ...listed("pos_unknown", unfinished.pos_unknown),
    ...listed("elsewhere", openThere(unfinished)),
    ...listed("put_aside", unfinished.put_aside),
    ...counted("ledger_waiting", unfinished.ledger_waiting),
    ...counted("ledger_refused", unfinished.ledger_refused),
    ...counted("ledger_due", unfinished.ledger_due),
    ...counted("pos_owed", unfinished.pos_owed),
    ...counted("unsent", unfinished.unsent),
    ...counted("unread", unread),
    ...listed("missing", missing),
  ];
  element("t-open").replaceChildren(...rows);
  show("t-open-none", rows.length === 0);
}

/** What other terminals have not brought to its end. @param {any} unfinished @returns {string[]} */
export function openThere({ elsewhere }) {
  return elsewhere.flatMap((one) => one.sales.map((sale) => text("day.open_at", { sale, terminal: one.terminal })));
}

/** @param {string} what @param {string[]} numbers */
function listed(what, numbers) {
  return numbers.length === 0 ? [] : [item(text(`day.open.${what}`), whole(numbers.length), numbers.join(text("common.list_joint")))];
}

/** @param {string} what @param {number} number */
function counted(what, number) {
  return number === 0 ? [] : [item(text(`day.open.${what}`), whole(number), "")];
}

/** @param {any} sheet */
function drawBooks(sheet) {
  const { state, compared, differences, elsewhere, others } = sheet;
  show("t-books", state !== null);
  if (state === null) return;
  const days = text("day.books_of", { first: sheet.first_date, last: sheet.last_date });
  put("t-books-text", elsewhere > 0 ? `${days} ${count("day.elsewhere", elsewhere)}` : days);
  element("t-compared").tBodies[0].replaceChildren(...compared.map((one) => tableRow([...groupCells(one), comparedMark(one)])));
  show("t-others-box", others.length > 0);
  element("t-others").tBodies[0].replaceChildren(...others.map((one) => tableRow([one.terminal, ...sumCells(one.sums)])));
  show("t-differences-box", differences.length > 0);
  element("t-differences").tBodies[0].replaceChildren(...differences.map((one) => tableRow(differenceCells(one))));
}

/** @param {any} one */
function comparedMark({ result, told }) {
  const word = result === EQUAL ? mark("ok", "check", text("day.equal")) : mark("alarm", "alert", result === "" ? text("day.not_compared") : text("day.differs"));
  if (told && result !== EQUAL) word.append(made("small", oursOf(told)));
  return word;
}

/** @param {any} one */
function differenceCells(one) {
  const name = made("span", one.setl_id, "y-code");
  if (one.msgid) name.append(made("small", one.msgid));
  const words = text(one.result === "000102" ? "day.only_here" : one.result === "counted_twice" ? "day.counted_twice" : "day.other_there");
  const what = made("span", [one.is_refund ? text("day.refund") : "", words, oursOf(one.memo)].filter(Boolean).join(" · "));
  return [name, one.desk || "—", amount(one.fee), what];
}

/** @param {any[]} days @param {(day: string) => void} choose */
export function drawDays(days, choose) {
  show("t-history-none", days.length === 0);
  element("t-history").replaceChildren(
    ...days.map((one) => {
      const facts = [text("day.nth", { n: one.nth }), one.operator, age(one.ended_at)];
      if (one.reopened_by) facts.push(text("day.reopened_by", { name: one.reopened_by, reason: one.reason ?? "" }));
      const row = item("", stateMark(one.state), facts.join(" · "));
      row.querySelector("b").replaceWith(button(one.day, "y-button--small", () => choose(one.day)));
      return row;
    }),
  );
}
