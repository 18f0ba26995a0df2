// One step of a visit: the person says how they show who they are, shows it at the device, and reads what comes of it.
// Whatever goes wrong, every other way stands there again.
import { call } from "../api.js";
import { text } from "../words.js";

const PERSON_MS = 90_000;
const SHOWN_MS = 20_000;
const PARTS = ["v-ask", "v-waiting", "v-done", "v-failed"];

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);
/** @type {number | undefined} */
let leaving;

/** @param {string} shown @param {string} [words] */
function show(shown, words = "") {
  window.clearTimeout(leaving);
  for (const id of PARTS) part(id).hidden = id !== shown;
  const title = part(`${shown}-words`);
  if (title === null) return part("v-visit").focus();
  title.textContent = words;
  title.focus();
}

/** The next person finds nothing of this one. */
function again() {
  part("v-ask").reset();
  show("v-ask");
}

/** @param {SubmitEvent} event */
async function step(event) {
  event.preventDefault();
  const by = /** @type {any} */ (event.submitter)?.value ?? "voucher";
  const visit = part("v-visit").value.trim();
  if (visit === "") return;
  show("v-waiting", text(`visit.show.${by}`));
  const form = { step: document.body.dataset.step, by, item: part("v-item")?.value.trim() ?? "" };
  try {
    const done = await call("POST", `/api/v1/visits/${encodeURIComponent(visit)}/steps`, form, {}, PERSON_MS);
    const isDue = done.telling === "due";
    part("v-done-message").textContent = isDue ? text("visit.due_next") : done.message;
    show("v-done", text(isDue ? "visit.due" : "visit.done"));
    leaving = window.setTimeout(again, SHOWN_MS);
  } catch (problem) {
    part("v-failed-next").textContent = problem.next;
    show("v-failed", problem.message);
    leaving = window.setTimeout(again, SHOWN_MS * 3);
  }
}

part("v-ask")?.addEventListener("submit", step);
// What is typed or scanned first is the number of the visit.
part("v-visit")?.focus();
document.querySelector("[data-again]")?.addEventListener("click", again);
document.querySelector("[data-other]")?.addEventListener("click", () => show("v-ask"));
document.documentElement.dataset.ready = "";
