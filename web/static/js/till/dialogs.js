// The dialogs of the till on the counter page, each made when the first of them is opened.
import { Held, Hold } from "./held.js";
import { Pay } from "./pay.js";
import { Split } from "./split.js";

export class TillDialogs {
  /** @param {import("../counter/page.js").Page} page */
  constructor(page) {
    this.pay = new Pay(page);
    this.hold = new Hold(page);
    this.held = new Held(page);
    this.split = new Split(page);
  }

  /** What the bus says of a ticket. True if a dialog shows what became of it. @param {any} ticket */
  take(ticket) {
    this.held.take();
    return this.pay.take(ticket);
  }
}
