// The page's words. They come in one JSON block made of the same catalogue as the rest of the page.

/** @type {"zh" | "en"} */
export const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

/** @type {Record<string, string[]>} */
const forms = JSON.parse(document.getElementById("y-words").textContent);

/**
 * The sentence at `key` with `values` in its places. A missing key shows itself.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function text(key, values = {}) {
  return fill(forms[key]?.[0] ?? key, values);
}

/**
 * The sentence at `key` in the form for `number`, which fills `{n}`.
 * @param {string} key
 * @param {number} number
 * @param {Record<string, string | number>} [values]
 */
export function count(key, number, values = {}) {
  const found = forms[key] ?? [key];
  return fill(number === 1 ? found[0] : found[found.length - 1], { n: number, ...values });
}

/** Whether the catalogue has `key`. @param {string} key */
export function has(key) {
  return key in forms;
}

/**
 * The reader's half of a sentence that came in both languages.
 * @param {{zh: string, en: string} | null | undefined} words
 */
export function ours(words) {
  return words ? words[language] : "";
}

/**
 * The reader's half of what the insurance said, if it said it in both languages; else all of it.
 * @param {string | null | undefined} told
 */
export function oursOf(told) {
  const [zh, en] = (told ?? "").split(" / ", 2);
  return language === "en" && en ? en : zh;
}

/** @param {string} form @param {Record<string, string | number>} values */
function fill(form, values) {
  return form.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}
