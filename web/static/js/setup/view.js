// Draws the set-up of scanners: the list, the running set-up, the result. A state is a shape, a word and a colour.
import { age } from "../format.js";
import { has, ours, text } from "../words.js";

/** @param {any} page */
export function draw(page) {
  const { scanners, chosen } = page;
  show("s-lost", page.isLost);
  show("s-signed-out", !page.isSignedIn && !page.isLost);
  show("s-none", scanners.length === 0 && page.isSignedIn && !page.isLost);
  drawList(page);
  const one = scanners.find((/** @type {any} */ other) => other.status.device === chosen);
  const run = one?.setup ?? null;
  const isRunning = run?.stage === "running";
  const profile = isRunning ? null : (run?.profile ?? one?.stored ?? null);
  show("s-idle", !isRunning && profile === null);
  show("s-run", isRunning);
  show("s-result", profile !== null);
  if (isRunning) drawRun(run);
  if (profile !== null) drawResult(one, run, profile);
  drawEnd(run);
}

/** @param {import("../api.js").Problem | null} problem */
export function drawMessage(problem) {
  const place = document.getElementById("s-message");
  place.replaceChildren();
  if (problem === null) return;
  const [box, code] = [element("p", "y-message y-message--bad"), element("span", "y-message__code", problem.code)];
  box.append(element("b", "", problem.message), element("span", "y-message__next", problem.next), code);
  place.append(box);
}

/** Why a set-up is over that has no result. @param {any} run */
function drawEnd(run) {
  const place = document.getElementById("s-message");
  if (run === null || (run.stage !== "idle" && run.stage !== "stopped")) {
    if (place.dataset.end) place.replaceChildren();
    delete place.dataset.end;
    return;
  }
  if (place.dataset.end === run.stage) return;
  place.dataset.end = run.stage;
  place.replaceChildren(element("p", "y-message y-message--warn", text(`setup.ended.${run.stage}`)));
}

/** @param {any} page */
function drawList(page) {
  const list = document.getElementById("s-list");
  const focused = /** @type {HTMLElement} */ (document.activeElement)?.dataset?.device;
  list.replaceChildren(...page.scanners.map((/** @type {any} */ one) => row(one, page)));
  if (focused) list.querySelector(`button[data-device="${CSS.escape(focused)}"]`)?.focus();
}

/** @param {any} one @param {any} page */
function row(one, page) {
  const { device, state } = one.status;
  const item = element("li", "s-scanner");
  if (device === page.chosen) item.dataset.chosen = "";
  const facts = element("p", "s-scanner__facts");
  const word = has(`device.${state}`) ? text(`device.${state}`) : state;
  const [tone, shape] = { ready: ["ok", "check"], lost: ["alarm", "alert"], failed: ["alarm", "alert"] }[state] ?? ["notice", "warning"];
  facts.append(pill(tone, shape, word), verdict(one));
  item.append(element("p", "s-scanner__name", device), facts);
  if (one.stored_at) item.append(element("p", "s-scanner__when", text("setup.tested", { age: age(one.stored_at) })));
  if (one.can_be_set_up) item.append(buttons(one, page));
  else item.append(element("p", "y-field__hint", text("setup.camera")));
  return item;
}

/** @param {any} one @param {any} page */
function buttons(one, page) {
  const { device } = one.status;
  const isRunning = one.setup?.stage === "running";
  const place = element("div", "s-scanner__buttons");
  const begin = button(isRunning ? text("setup.go_on") : text(one.stored ? "setup.again" : "setup.begin"), device, "begin");
  begin.disabled = !page.isSignedIn || page.isLost;
  begin.classList.add(isRunning || !one.stored ? "y-button--primary" : "y-button--small");
  place.append(begin);
  if (one.stored && !isRunning) {
    const show = button(text("setup.show"), device, "show");
    show.classList.add("y-button--small");
    place.append(show);
  }
  return place;
}

/** @param {string} words @param {string} device @param {string} act */
function button(words, device, act) {
  const made = /** @type {HTMLButtonElement} */ (element("button", "y-button", words));
  made.type = "button";
  made.dataset.device = device;
  made.dataset.act = act;
  made.setAttribute("aria-label", `${words} ${device}`);
  return made;
}

/** What is known of the scanner. @param {any} one */
function verdict(one) {
  if (one.setup?.stage === "running") {
    const done = one.setup.symbols.filter((/** @type {any} */ symbol) => symbol.state !== "waiting").length;
    return pill("notice", "pulse", text("setup.verdict.running", { done, n: one.setup.symbols.length }));
  }
  if (!one.can_be_set_up) return element("span", "");
  if (!one.stored) return pill("quiet", "question", text("setup.verdict.untested"));
  if (one.stored.is_good) return pill("ok", "check", text("setup.verdict.good"));
  return pill("alarm", "alert", text(one.stored.gs_ok === false ? "setup.verdict.no_gs" : "setup.verdict.faults"));
}

/** @param {any} run */
function drawRun(run) {
  const next = run.symbols.find((/** @type {any} */ symbol) => symbol.name === run.next_symbol);
  put("s-run-title", text("setup.run.title", { device: run.device }));
  put("s-what", next ? text("setup.run.scan", { number: run.symbols.indexOf(next) + 1, name: ours(next.words) }) : "");
  for (const image of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".s-symbol"))) {
    image.hidden = image.dataset.name !== run.next_symbol;
  }
  const last = document.getElementById("s-last");
  last.className = `s-last ${run.last ? (run.last.said === "strange" ? "y-state--notice" : "y-state--ok") : ""}`;
  put("s-last", run.last ? `${text(`setup.said.${run.last.said}`)} ${run.last.text}` : text("setup.said.nothing"));
  document.getElementById("s-steps").replaceChildren(...run.symbols.map((/** @type {any} */ symbol) => step(symbol, run)));
}

/** @param {any} symbol @param {any} run */
function step(symbol, run) {
  const isNext = symbol.name === run.next_symbol;
  const item = element("li", "s-step");
  if (isNext) item.setAttribute("aria-current", "step");
  const [tone, shape] = { read: ["ok", "check"], skipped: ["notice", "refused"], waiting: ["quiet", "dot"] }[symbol.state];
  item.append(element("span", "s-step__name", ours(symbol.words)), pill(tone, shape, text(`setup.step.${isNext ? "next" : symbol.state}`)));
  return item;
}

/** @param {any} one @param {any} run @param {any} profile */
function drawResult(one, run, profile) {
  const isGood = profile.is_good;
  document.getElementById("s-result").dataset.state = isGood ? "ok" : "alarm";
  document.getElementById("s-result-shape").setAttribute("href", isGood ? "#y-check" : "#y-alert");
  put("s-result-words", text(isGood ? "setup.result.good" : "setup.result.faults", { device: one.status.device }));
  put("s-result-when", run?.profile || !one.stored_at ? "" : text("setup.result.stored", { age: age(one.stored_at) }));
  document.getElementById("s-advice").replaceChildren(...profile.advice.map(advice));
  show("s-line", profile.proposed !== profile.line);
  put("s-line-title", text(isGood ? "setup.result.line_good" : "setup.result.line"));
  put("s-line-hint", text(isGood ? "setup.result.line_good_hint" : "setup.result.line_hint"));
  put("s-line-text", `"${profile.proposed.replace(/(["\\])/g, "\\$1")}"`);
  document.getElementById("s-facts").replaceChildren(...profile.learned.flatMap(fact));
}

/** @param {any} one */
function advice(one) {
  // What harms no code is good news or a tip, and never a warning.
  const [look, shape] = one.is_fault ? ["bad", "alert"] : one.is_good ? ["ok", "check"] : ["info", "help"];
  const item = element("li", `y-message y-message--${look}`);
  const body = element("div", "");
  const next = element("p", "y-message__next", ours(one.next_step));
  body.append(element("b", "", ours(one.words)), next, element("span", "y-message__code", one.code));
  item.append(icon(shape), body);
  return item;
}

/** @param {any} one */
function fact(one) {
  const doubt = one.certainty === "told" ? "" : ` ${text(`setup.certainty.${one.certainty}`)}`;
  return [element("dt", "", ours(one.name)), element("dd", "", ours(one.value) + doubt)];
}

/** @param {string} tone @param {string} shape @param {string} words */
function pill(tone, shape, words) {
  const made = element("span", `y-state y-pill y-state--${tone}`);
  made.append(icon(shape), words);
  return made;
}

/** @param {string} name */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "y-icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#y-${name}`);
  svg.append(use);
  return svg;
}

/** @param {string} name @param {string} className @param {string} [content] */
function element(name, className, content = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = content;
  return made;
}

/** @param {string} id @param {boolean} isShown */
function show(id, isShown) {
  document.getElementById(id).hidden = !isShown;
}

/** Write only what changed, so that screen readers are not told the same again. @param {string} id @param {string} content */
function put(id, content) {
  const place = document.getElementById(id);
  if (place.textContent !== content) place.textContent = content;
}
