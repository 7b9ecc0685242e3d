/** What a form gets of the uploads: the keys of the finished files, and whether it may be submitted. */

/** @typedef {import("../element.d.ts").UploadSnapshot} UploadSnapshot */

/** The value and the validity of an element. */
export class FormValue {
  /** Keys that the browser restored. @type {readonly string[]} */
  #restored = [];
  #told = "";
  #flags = "";

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
   * @param {readonly UploadSnapshot[]} files
   * @param {{ name: string | null, required: boolean }} options
   * @returns {boolean} Whether the value changed.
   */
  update(files, { name, required }) {
    const done = files.flatMap(({ state, key }) => (state === "done" && key !== undefined ? [key] : []));
    const keys = [...this.#restored, ...done];
    const busy = files.some(({ state }) => !["done", "failed", "rejected"].includes(state));
    const missing = required && keys.length === 0;
    const message = busy ? this.text("busy") : missing ? this.text("required") : "";
    if (this.#flags !== message)
      this.internals.setValidity({ customError: busy, valueMissing: !busy && missing }, message, this.anchor);
    this.#flags = message;
    const told = JSON.stringify([name, keys]);
    if (told === this.#told) return false;
    const before = JSON.parse(this.#told || "[null,[]]")[1].join();
    this.#told = told;
    const value = new FormData();
    if (name) for (const key of keys) value.append(name, key);
    // Keys alone: whoever restores it may not be who uploaded.
    this.internals.setFormValue(keys.length > 0 ? value : null, keys.length > 0 ? JSON.stringify(keys) : null);
    return before !== keys.join();
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
