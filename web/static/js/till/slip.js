// The slip of a sale that is not settled: number, lines, codes, total, and in both languages that it is no receipt.
import { element } from "../counter/element.js";
import { made } from "../counter/rows.js";
import { amount, moment } from "../format.js";
import { text } from "../words.js";

/** @param {any} ticket */
export function printSlip(ticket) {
  const slip = element("t-slip");
  const notice = made("p", ticket.notice.zh, "t-slip__notice");
  notice.append(made("br", ""), ticket.notice.en);
  slip.replaceChildren(
    made("h1", text("till.slip.title")),
    made("p", text("till.slip.number", { sale: ticket.sale })),
    made("p", moment(ticket.aside_at ?? ticket.opened_at)),
    notice,
    ...ticket.lines.flatMap(lineRows),
    made("p", `${text("counter.pay.total")} ${amount(ticket.totals.amount)}`, "t-slip__total"),
    made("p", ticket.note),
  );
  window.addEventListener("afterprint", () => slip.replaceChildren(), { once: true });
  window.print();
}

/** @param {any} line */
function lineRows(line) {
  const name = `${line.name ?? text("counter.list.no_product")} ${line.spec ?? ""} ×${line.units ?? line.quantity}`;
  return [made("p", `${name} ${amount(line.amount)}`, "t-slip__line"), made("p", line.codes.join(" "), "t-slip__codes")];
}
