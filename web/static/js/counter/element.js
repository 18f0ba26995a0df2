/** The element with `id`, which the page has. @param {string} id @returns {any} */
export function element(id) {
  return document.getElementById(id);
}

/** Do `act` when something is clicked. @param {string} selector @param {(clicked: any) => void} act */
export function onClick(selector, act) {
  for (const found of document.querySelectorAll(selector)) found.addEventListener("click", () => act(found));
}
