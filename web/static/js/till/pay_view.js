// How the insured sale looks: nothing is decided here.
import { element } from "../counter/element.js";
import { made, mark, put, show } from "../counter/rows.js";
import { amount } from "../format.js";
import { count, has, ours, oursOf, text } from "../words.js";
import { drawSums, tableRow } from "./problem.js";

/** How each standing looks. @type {Record<string, {look: string, tone: string, shape: string}>} */
const RESULTS = {
  settled: { look: "ok", tone: "ok", shape: "check" },
  asked: { look: "warn", tone: "notice", shape: "clock" },
  unknown: { look: "warn", tone: "notice", shape: "question" },
  none: { look: "bad", tone: "alarm", shape: "cross" },
};

export class PayView {
  clearProblem() {
    element("t-pay-problem").replaceChildren();
  }

  /** @param {string} words */
  wait(words) {
    put("t-pay-wait", words);
  }

  /** Offer the insurances of a person. @param {any} person */
  offer(person) {
    put("t-who-name", person.name);
    put("t-who-number", person.number);
    const kinds = person.insurances.map((/** @type {any} */ one) => {
      const option = /** @type {HTMLOptionElement} */ (made("option", insuranceWords(one)));
      option.value = one.kind;
      return option;
    });
    element("t-insurance").replaceChildren(...kinds);
    element("t-insurance").value = person.chosen;
  }

  /** @param {import("./pay.js").Pay} pay */
  draw(pay) {
    const { trial, person, isOver } = pay;
    show("t-pay-wait", pay.waitsFor !== "" && !isOver);
    put("t-pay-wait", pay.waitsFor);
    this.drawResult(pay.ticket, isOver);
    show("t-person", !isOver);
    show("t-ask", person === null);
    show("t-who", person !== null);
    show("t-tried", !isOver && person !== null);
    show("t-factor", !isOver && Boolean(trial?.needs_second_factor));
    show("t-factor-done", pay.isConfirmed);
    show("t-factor-ask", !pay.isConfirmed);
    show("t-changed", pay.hasChanged);
    this.drawTrial(trial);
    show("t-settle", !isOver);
    for (const one of pay.dialog.querySelectorAll(".y-dialog__body :is(button, input, select)")) one.disabled = pay.waitsFor !== "";
    element("t-settle").disabled = !pay.isReady;
    element("t-pay-body").setAttribute("aria-busy", String(pay.waitsFor !== ""));
  }

  /** What was pressed is off while it is asked, and the focus with it: it goes where the work goes on. @param {import("./pay.js").Pay} pay */
  keepFocus({ dialog, isReady, isOver, person, trial }) {
    const at = document.activeElement;
    if (!dialog.open || (at && at !== document.body && at !== dialog && !at.matches("[data-close], .y-dialog__title"))) return;
    const lacking = dialog.querySelector("#t-order-lines input, #t-pharmacist-field:not([hidden]) input");
    const next = isOver ? element("t-pay-close") : isReady ? element("t-settle") : person === null ? dialog.querySelector("[data-way]") : trial?.needs_second_factor ? dialog.querySelector("[data-factor]") : (lacking ?? element("t-try"));
    next.focus();
  }

  /** @param {any} trial */
  drawTrial(trial) {
    const lacks = trial?.lacks ?? [];
    show("t-lacking", lacks.length > 0);
    put("t-lacking-title", count("till.trial.lacks", lacks.length));
    element("t-lacks").replaceChildren(...lacks.map(lackRow));
    show("t-amounts", Boolean(trial?.amounts));
    if (!trial?.amounts) return;
    put("t-cash", amount(trial.amounts.cash));
    drawSums(element("t-sums"), sumsOf(trial.amounts));
    put("t-told", oursOf(trial.told));
    element("t-cuts").tBodies[0].replaceChildren(...trial.lines.map(cutRow));
  }

  /** @param {any} ticket @param {boolean} isOver */
  drawResult(ticket, isOver) {
    const place = element("t-result");
    const isRefused = Boolean(ticket?.told) && !isOver && ticket.standing === "none";
    place.hidden = !isOver && !isRefused;
    if (place.hidden) return;
    const { look, tone, shape } = RESULTS[ticket.standing] ?? RESULTS.unknown;
    const box = made("div", "", `t-result t-result--${look}`);
    const title = made("p", "", "t-result__title");
    title.append(mark(tone, shape, resultWord(ticket.standing)));
    box.append(title);
    if (ticket.paid && ticket.standing === "settled") box.append(...paidRows(ticket));
    else box.append(made("p", oursOf(ticket.told) || ours(ticket.notice)), made("p", nextWord(ticket.standing)));
    if (place.textContent !== box.textContent) place.replaceChildren(box);
  }
}

/** @param {string} standing */
function resultWord(standing) {
  return has(`till.standing.${standing}`) ? text(`till.standing.${standing}`) : standing;
}

/** @param {string} standing */
function nextWord(standing) {
  return text(standing === "none" ? "till.result.refused_next" : "till.result.unknown_next");
}

/** @param {any} ticket */
function paidRows({ paid, sale }) {
  const cash = made("div", "", "t-cash");
  cash.append(made("span", text("till.amount.take")), made("b", amount(paid.amounts.cash)));
  const sums = made("dl", "", "t-sums");
  drawSums(sums, sumsOf(paid.amounts));
  return [cash, sums, made("p", text("till.result.numbers", { sale, setl_id: paid.setl_id }))];
}

/** @param {any} amounts @returns {[string, string][]} */
export function sumsOf(amounts) {
  const pairs = ["fee", "funds", "account", "mutual_aid"].map((name) => [text(`till.amount.${name}`), amount(amounts[name])]);
  if (amounts.balance !== null && amounts.balance !== undefined) pairs.push([text("till.amount.balance"), amount(amounts.balance)]);
  return /** @type {[string, string][]} */ (pairs);
}

/** @param {any} insurance */
export function insuranceWords({ kind, district, balance }) {
  return text("till.person.one", { kind: insuranceName(kind), district, balance: amount(balance) });
}

/** The name of a kind of insurance; its number where it has none. @param {string} kind */
export function insuranceName(kind) {
  return has(`till.insutype.${kind}`) ? text(`till.insutype.${kind}`) : kind;
}

/** @param {any} lack */
function lackRow(lack) {
  const row = made("li", "");
  row.append(made("b", ours(lack.words)), made("small", ours(lack.next_step)), made("small", lack.code, "y-message__code"));
  return row;
}

/** @param {any} cut */
function cutRow(cut) {
  const name = made("span", String(cut.line));
  if (cut.told) name.append(made("small", oursOf(cut.told)));
  return tableRow([name, amount(cut.amount), amount(cut.outside), amount(cut.above_limit), amount(cut.paid_first)]);
}
