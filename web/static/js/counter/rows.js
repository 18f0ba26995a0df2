// Small things of which the lists behind the badges are made.

/** A row of a list: what, how it is, and the small print. @param {string} title @param {string | Node} state @param {string} more */
export function item(title, state, more) {
  const row = document.createElement("li");
  row.append(made("b", title), typeof state === "string" ? made("span", state) : state, made("small", more));
  return row;
}

/** A state: a shape, a word and a colour. @param {string} tone @param {string} shape @param {string} word */
export function mark(tone, shape, word) {
  const whole = made("span", "", `y-state y-state--${tone}`);
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "y-icon");
  icon.setAttribute("aria-hidden", "true");
  icon.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  setShape(icon, shape);
  whole.append(icon, word);
  return whole;
}

/** Draw another shape in an icon. @param {Element} icon @param {string} shape */
export function setShape(icon, shape) {
  const use = icon.querySelector("use");
  if (use.getAttribute("href") !== `#y-${shape}`) use.setAttribute("href", `#y-${shape}`);
}

/** @param {string} tag @param {string} content @param {string} [name] @returns {HTMLElement} */
export function made(tag, content, name = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.textContent = content;
  return element;
}

/** @param {string} id @param {boolean} isShown */
export function show(id, isShown) {
  const element = document.getElementById(id);
  if (element.hidden === isShown) element.hidden = !isShown;
}

/** Write only what changed, so that screen readers are not told the same again. @param {string} id @param {string} content */
export function put(id, content) {
  const element = document.getElementById(id);
  if (element.textContent !== content) element.textContent = content;
}
