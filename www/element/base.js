/** What both elements have in common: attributes as properties, a shadow tree with the shared style, a language. */

import { inherited } from "./dom.js";
import { loadLanguage, NONE } from "./language.js";
import { sheet } from "./style.js";
import { bare } from "./own.js";

/** Nothing on a server, where importing must be safe. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (/** @type {unknown} */ (class {}));

/** @param {string} attribute */
const propertyOf = (attribute) => attribute.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

/**
 * Makes attributes properties of the camel-case name.
 * @param {typeof PartwayElement} element
 * @param {{ strings: string[], numbers?: string[], flags?: string[] }} attributes A missing string is empty, a
 *   missing number null.
 */
export function reflect(element, { strings, numbers = [], flags = [] }) {
  /** @param {string} name @param {(this: Element) => unknown} get @param {(value: any) => string | null} text */
  const define = (name, get, text) =>
    Object.defineProperty(element.prototype, propertyOf(name), {
      configurable: true,
      enumerable: true,
      get,
      set(value) {
        const written = text(value);
        if (written === null) this.removeAttribute(name);
        else this.setAttribute(name, written);
      },
    });
  /** @param {any} value */
  const written = (value) => (value === null || value === undefined ? null : String(value));
  for (const name of strings)
    define(
      name,
      function () {
        return this.getAttribute(name) ?? "";
      },
      written,
    );
  for (const name of numbers)
    define(
      name,
      function () {
        return numberOf(this.getAttribute(name));
      },
      written,
    );
  for (const name of flags)
    define(
      name,
      function () {
        return this.hasAttribute(name);
      },
      (value) => (value ? "" : null),
    );
}

/** @param {string | null} text @returns {number | null} What is no number is as good as not there. */
export function numberOf(text) {
  const value = text === null || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

/** An element in a language. */
export class PartwayElement extends Base {
  /** @type {MutationObserver | null} */
  #watch = null;
  #wanted = "";
  /** @type {import("./language.js").Messages} */
  #messages = {};
  language = NONE;

  constructor() {
    super();
    this.shadow = this.attachShadow(bare({ mode: "open", delegatesFocus: true }));
    this.shadow.adoptedStyleSheets = [sheet()];
  }

  /** The page's own texts. */
  get messages() {
    return this.#messages;
  }
  set messages(messages) {
    this.#messages = messages ?? {};
    this.language.messages = this.#messages;
    this.speak();
  }

  /**
   * A property that was set before the element was defined hides the element's own.
   * @param {string[]} names Of attributes, too.
   */
  upgrade(names) {
    for (const name of names.map(propertyOf)) {
      if (!Object.hasOwn(this, name)) continue;
      const value = /** @type {any} */ (this)[name];
      delete (/** @type {any} */ (this)[name]);
      /** @type {any} */ (this)[name] = value;
    }
  }

  /** The language may change around the element. */
  follow() {
    this.#watch = new MutationObserver(() => this.chooseLanguage());
    this.#watch.observe(document, bare({ attributes: true, attributeFilter: ["lang", "dir"], subtree: true }));
    this.chooseLanguage();
  }

  unfollow() {
    this.#watch?.disconnect();
  }

  /** Takes the language of the element, or the nearest around it. */
  chooseLanguage() {
    const wanted = inherited(this, "lang") ?? navigator.language ?? "en";
    if (wanted === this.#wanted) return this.speak();
    this.#wanted = wanted;
    loadLanguage(wanted).then(
      (language) => {
        if (wanted !== this.#wanted) return;
        this.language = language;
        language.messages = this.#messages;
        this.speak();
      },
      () => {
        this.#wanted = ""; // what could not be loaded is tried again when something changes
      },
    );
  }

  /** Arabic is read from the right, unless the page says otherwise. @returns {string} */
  get direction() {
    return inherited(this, "dir") === null && this.language.isRightToLeft ? "rtl" : "";
  }

  /** Shows everything in the language that is there now. */
  speak() {}
}
