/** What is said to those who do not see the page: news politely and seldom, failures at once and once. */

import { h } from "./dom.js";

/** Least time between two polite sentences, in milliseconds. */
const GAP = 5000;
/** How long failures are gathered, in milliseconds, and how many of them are said one by one. */
const GATHER = 150;
const MOST = 3;

/** Speaks through two live regions. */
export class Announcer {
  #waiting = "";
  #last = -Infinity;
  #timer = 0;
  /** @type {string[]} */
  #failures = [];

  /**
   * @param {HTMLElement} status Polite.
   * @param {HTMLElement} alert Assertive.
   * @param {(count: number) => string} more Says that there were so many more failures.
   */
  constructor(status, alert, more) {
    this.status = status;
    this.alert = alert;
    this.more = more;
  }

  /**
   * Says it now, or when the last sentence was five seconds ago; a newer one takes its place.
   * @param {string} sentence
   */
  say(sentence) {
    this.#waiting = sentence;
    if (this.#timer) return;
    const wait = this.#last + GAP - performance.now();
    if (wait <= 0) this.#speak();
    else this.#timer = +setTimeout(() => this.#speak(), wait);
  }

  #speak() {
    this.#timer = 0;
    this.#last = performance.now();
    this.status.textContent = this.#waiting;
  }

  /** @param {string} sentence */
  fail(sentence) {
    if (this.#failures.push(sentence) > 1) return;
    setTimeout(() => {
      const said = this.#failures.slice(0, MOST);
      if (this.#failures.length > MOST) said.push(this.more(this.#failures.length - MOST));
      this.#failures = [];
      this.alert.replaceChildren(...said.map((text) => h("p", {}, text)));
    }, GATHER);
  }
}
