/** What a form gets of the uploads: the keys of the finished files, and whether it may be submitted. */

import { bare } from "./own.js";

/** The value and the validity of an element. */
export class FormValue {
  /** Keys that the browser restored. @type {readonly string[]} */
  #restored = [];
  #asked = "";
  #keys = "";

  /**
   * @param {ElementInternals} internals
   * @param {HTMLElement} anchor What the browser points to when something is wrong.
   * @param {(key: string) => string} text
   */
  constructor(internals, anchor, text) {
    this.internals = internals;
    this.anchor = anchor;
    this.text = text;
  }

  /** How many files were uploaded before the page was left. */
  get restored() {
    return this.#restored.length;
  }

  /**
   * @param {import("./store.js").UploadStore} store
   * @param {{ name: string | null, required: boolean }} options
   * @returns {boolean} Whether the value changed.
   */
  update(store, { name, required }) {
    // Asked at every change of any file: most change nothing here, and there may be ten thousand.
    const asked = [store.endings, store.pending > 0, this.#restored.length, name, required, this.text("busy")].join(
      "\n",
    );
    if (asked === this.#asked) return false;
    this.#asked = asked;
    const done = store.files.flatMap(({ state, key }) => (state === "done" && key !== undefined ? [key] : []));
    const keys = [...this.#restored, ...done];
    const busy = store.pending > 0;
    const missing = required && keys.length === 0;
    const message = busy ? this.text("busy") : missing ? this.text("required") : "";
    this.internals.setValidity(bare({ customError: busy, valueMissing: !busy && missing }), message, this.anchor);
    const value = new FormData();
    if (name) for (const key of keys) value.append(name, key);
    // Keys alone: whoever restores it may not be who uploaded.
    this.internals.setFormValue(keys.length > 0 ? value : null, keys.length > 0 ? JSON.stringify(keys) : null);
    const before = this.#keys;
    this.#keys = keys.join();
    return before !== this.#keys;
  }

  /** @param {unknown} state What `setFormValue` was told. */
  restore(state) {
    try {
      const keys = JSON.parse(String(state));
      this.#restored = Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
    } catch {
      this.#restored = []; // another version's
    }
  }

  forget() {
    this.#restored = [];
  }
}
