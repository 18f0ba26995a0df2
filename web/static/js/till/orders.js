// What a prescription says of each line, and who reviewed it: asked for where the trial misses it, and kept while the
// list is the same.
import { element } from "../counter/element.js";
import { made } from "../counter/rows.js";
import { text } from "../words.js";

/** Fields of a line, as the interface calls them. */
const FIELDS = ["rxno", "doctor_code", "doctor"];

export class Orders {
  constructor() {
    this.lines = /** @type {Map<number, HTMLElement>} */ (new Map());
  }

  clear() {
    this.lines.clear();
    element("t-order-lines").replaceChildren();
    // The pharmacist stays: it is the same one all day.
    for (const id of ["t-disease", "t-disease-name"]) element(id).value = "";
    element("t-med-type").selectedIndex = 0;
    element("t-pharmacist-field").hidden = true;
  }

  /** Offer fields for what is missing. @param {any[]} lacks @param {any[]} lines */
  offer(lacks, lines) {
    for (const { line } of lacks) {
      const known = lines.find((one) => one.line === line);
      if (known && !this.lines.has(line)) this.add(known);
    }
    if (this.lines.size > 0 || lacks.some((one) => one.code === "till.pharmacist_missing")) element("t-pharmacist-field").hidden = false;
  }

  /** @param {any} line */
  add(line) {
    const group = made("fieldset", "", "t-order");
    group.append(made("legend", text("till.order.line", { line: line.line, name: line.name ?? "" })));
    const row = made("div", "", "t-row");
    for (const name of FIELDS) row.append(field(`t-order-${line.line}-${name}`, text(`till.order.${name}`), name));
    const external = made("label", "", "c-check");
    const box = /** @type {HTMLInputElement} */ (made("input", ""));
    box.type = "checkbox";
    box.name = "is_external";
    external.append(box, made("span", text("till.order.is_external")));
    group.append(row, external);
    this.lines.set(line.line, group);
    element("t-order-lines").append(group);
  }

  /** What is said of the sale, as the interface takes it. */
  get wishes() {
    return {
      med_type: element("t-med-type").value,
      pharmacist: element("t-pharmacist").value.trim(),
      dise_codg: element("t-disease").value.trim(),
      dise_name: element("t-disease-name").value.trim(),
      lines: [...this.lines].map(([line, group]) => ({ line, ...said(group) })),
    };
  }
}

/** @param {HTMLElement} group */
function said(group) {
  const inputs = [...group.querySelectorAll("input")];
  return Object.fromEntries(inputs.map((one) => [one.name, one.type === "checkbox" ? one.checked : one.value.trim()]));
}

/** @param {string} id @param {string} label @param {string} name */
function field(id, label, name) {
  const whole = made("div", "", "y-field");
  const title = made("label", label, "y-field__label");
  title.setAttribute("for", id);
  const input = /** @type {HTMLInputElement} */ (made("input", "", "y-input"));
  Object.assign(input, { id, name, autocomplete: "off", maxLength: name === "doctor" ? 50 : 30 });
  whole.append(title, input);
  return whole;
}
