// How values are written. The pages that the server renders write them alike (web/figures.py).
import { count, text } from "./words.js";

const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
/** Books are kept in the shop's time, whatever the browser's is. */
const timeZone = "Asia/Shanghai";
const clock = new Intl.DateTimeFormat("zh-CN", { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
// Swedish writes 2026-01-31 23:59, as the pages of the server do.
const moments = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
const number = new Intl.NumberFormat("en-US");

/** Money from its decimal text; a dash if it is not known. @param {string | number | null | undefined} yuan */
export function amount(yuan) {
  return yuan === null || yuan === undefined || yuan === "" ? "—" : `¥${money.format(Number(yuan))}`;
}

/** The price of one unit, with every decimal that it has. @param {string | null} yuan */
export function unitPrice(yuan) {
  return yuan === null ? "—" : `¥${Number(yuan).toFixed(4).replace(/0{1,2}$/, "")}`;
}

/** @param {number} value */
export function whole(value) {
  return number.format(value);
}

/** @param {string} iso */
export function timeOfDay(iso) {
  return clock.format(new Date(iso));
}

/** Day and time of day, alike in every language. @param {string} iso */
export function moment(iso) {
  return moments.format(new Date(iso));
}

/**
 * Writes a code into `element`: long runs of digits in groups of four, without blanks, so that a copied code is the code.
 * @param {HTMLElement} element @param {string} code
 */
export function writeCode(element, code) {
  const parts = code.split(/(\d{8,})/);
  element.replaceChildren(...parts.filter(Boolean).flatMap((part) => (/^\d{8,}$/.test(part) ? fours(part) : [span(part, "")])));
}

/** @param {string} digits */
function fours(digits) {
  return (digits.match(/.{1,4}/g) ?? []).map((group) => span(group, "y-four"));
}

/** @param {string} content @param {string} name */
function span(content, name) {
  const made = document.createElement("span");
  made.textContent = content;
  if (name) made.className = name;
  return made;
}

/** How long `seconds` are, in words. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= 86400) return count("span.days", Math.floor(whole / 86400));
  if (whole >= 3600) return count("span.hours", Math.floor(whole / 3600));
  if (whole >= 60) return count("span.minutes", Math.floor(whole / 60));
  return count("span.seconds", whole);
}

/** How long ago `iso` was. @param {string | null} iso @param {number} [now] */
export function age(iso, now = Date.now()) {
  if (!iso) return text("age.never");
  const seconds = Math.max(0, Math.floor((now - Date.parse(iso)) / 1000));
  if (seconds < 5) return text("age.now");
  if (seconds >= 86400) return count("age.days", Math.floor(seconds / 86400));
  if (seconds >= 3600) return count("age.hours", Math.floor(seconds / 3600));
  if (seconds >= 60) return count("age.minutes", Math.floor(seconds / 60));
  return count("age.seconds", seconds);
}

