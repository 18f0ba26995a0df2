// Calls the local API. An error always has a code, words and a next step, also when nobody answers.
import { ours, text } from "./words.js";

const TIMEOUT_MS = 8_000;

export class Problem extends Error {
  /** @param {number} status @param {string} code @param {string} words @param {string} next */
  constructor(status, code, words, next) {
    super(words);
    this.status = status;
    this.code = code;
    this.next = next;
  }

  /** Nobody answered: the same request may be sent again. */
  get isUnanswered() {
    return this.status === 0;
  }

  /** This browser is not signed in, or not any more. */
  get isSignedOut() {
    return this.status === 401;
  }
}

/**
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {object} [body]
 * @param {Record<string, string>} [headers]
 * @param {number} [withinMs] longer where a person or the insurance is waited for
 * @returns {Promise<any>}
 */
export async function call(method, path, body, headers = {}, withinMs = TIMEOUT_MS) {
  const response = await answer(method, path, body, headers, withinMs);
  if (response.status === 204) return null;
  const content = await response.json().catch(() => null);
  if (response.ok) return content;
  throw problemIn(response.status, content);
}

/** @param {string} method @param {string} path @param {object | undefined} body @param {Record<string, string>} headers @param {number} withinMs */
async function answer(method, path, body, headers, withinMs) {
  try {
    return await fetch(path, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(withinMs),
    });
  } catch {
    throw new Problem(0, "screen.no_answer", text("problem.no_answer"), text("problem.no_answer_next"));
  }
}

/** @param {number} status @param {any} content */
function problemIn(status, content) {
  if (content && typeof content.code === "string") return new Problem(status, content.code, ours(content), ours(content.next));
  return new Problem(status, `screen.http_${status}`, text("problem.unexpected"), text("problem.unexpected_next"));
}
