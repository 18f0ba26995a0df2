// What went wrong, where it went wrong: the sentence, what can be done, and the code, as the terminal gives them.
import { Problem } from "../api.js";
import { made } from "../counter/rows.js";

/** @param {HTMLElement} place @param {unknown} problem */
export function tellProblem(place, problem) {
  if (!(problem instanceof Problem)) throw problem;
  const box = made("div", "", "y-message y-message--bad");
  const words = made("div", "", "c-message__text");
  words.append(made("p", problem.message), made("p", problem.next, "y-message__next"), made("p", problem.code, "y-message__code"));
  box.append(words);
  place.replaceChildren(box);
}

/** A button. @param {string} label @param {string} look @param {() => void} act @returns {HTMLButtonElement} */
export function button(label, look, act) {
  const one = /** @type {HTMLButtonElement} */ (made("button", label, `y-button ${look}`));
  one.type = "button";
  one.addEventListener("click", act);
  return one;
}

/** Names and amounts as small cards. @param {HTMLElement} place @param {[string, string][]} pairs */
export function drawSums(place, pairs) {
  place.replaceChildren(
    ...pairs.map(([name, value]) => {
      const both = made("div", "");
      both.append(made("dt", name), made("dd", value));
      return both;
    }),
  );
}

/** A table's row; the first cell names it. @param {(string | Node)[]} cells */
export function tableRow(cells) {
  const row = made("tr", "");
  for (const [place, content] of cells.entries()) {
    const cell = made(place === 0 ? "th" : "td", "");
    if (place === 0) cell.setAttribute("scope", "row");
    cell.append(content);
    row.append(cell);
  }
  return row;
}
