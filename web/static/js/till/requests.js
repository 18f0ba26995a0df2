// What somebody means to do once is one request, however often it is pressed or sent: one key for it, kept until its
// answer came. A refusal is an answer; no answer, and a fault of the terminal itself, leave open what became of it.
import { call, Problem } from "../api.js";

const FAULT = 500;

export class Requests {
  constructor() {
    this.keys = /** @type {Map<string, string>} */ (new Map());
  }

  /**
   * @param {string} path @param {object} body @param {number} [withinMs]
   * @param {object} [asked] what makes it the same request; without it the whole body does
   * @returns {Promise<any>}
   */
  async once(path, body, withinMs, asked = body) {
    const what = `${path} ${JSON.stringify(asked)}`;
    const key = this.keys.get(what) ?? crypto.randomUUID();
    this.keys.set(what, key);
    try {
      const answer = await call("POST", path, body, { "idempotency-key": key }, withinMs);
      this.keys.delete(what);
      return answer;
    } catch (problem) {
      if (problem instanceof Problem && problem.status > 0 && problem.status < FAULT) this.keys.delete(what);
      throw problem;
    }
  }
}
