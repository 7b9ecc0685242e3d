/** How an upload is told to those who do not see it: its start, a quarter, a half, three quarters, its end. */

/** @typedef {import("../element.d.ts").Totals} Totals */

/** Follows the totals. */
export class Narrator {
  #busy = false;
  #quarter = 0;

  /**
   * @param {import("./announcer.js").Announcer} announcer
   * @param {() => import("./language.js").Language} language
   */
  constructor(announcer, language) {
    this.announcer = announcer;
    this.language = language;
  }

  /** @param {string} key @param {Record<string, unknown>} values */
  #say(key, values) {
    this.announcer.say(this.language().text(key, values));
  }

  /** A file began. @param {Totals} totals */
  start({ files, done, failed, total }) {
    if (this.#busy) return;
    this.#busy = true;
    this.#quarter = 0;
    this.#say("said.start", { count: files - done - failed, size: this.language().size(total) });
  }

  /** @param {Totals} totals */
  progress({ sent, total }) {
    const quarter = total > 0 ? Math.floor((sent / total) * 4) : 0;
    if (!this.#busy || quarter <= this.#quarter || quarter > 3) return;
    this.#quarter = quarter;
    this.#say("said.part", { percent: this.language().percent(quarter, 4) });
  }

  /** Nothing is left to do. @param {Totals} totals */
  end({ done, failed }) {
    this.#busy = false;
    const texts = this.language();
    const said = [];
    if (done > 0 || failed === 0) said.push(texts.text("said.end", { count: done }));
    if (failed > 0) said.push(texts.text("said.failed", { count: failed }));
    this.announcer.say(said.join(" "));
  }
}
