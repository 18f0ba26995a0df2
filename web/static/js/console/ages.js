// Every age on the page goes on counting, so that an old page does not look like a new one.
import { age } from "../format.js";

const EVERY_MS = 1_000;

export function tickAges() {
  window.setInterval(() => {
    for (const element of document.querySelectorAll(".k-age")) {
      const words = age(element.getAttribute("datetime"));
      if (element.textContent !== words) element.textContent = words;
    }
  }, EVERY_MS);
}
