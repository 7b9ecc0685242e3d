/** A file's name on the page. */

import { displayName } from "../partway.js";
import { h } from "./dom.js";

/** Names whose ending stays in sight however narrow the row is, and whose direction stays their own. */
export class FileName {
  #stem = h("span", { class: "stem" });
  #ending = h("span", { class: "ending" });
  root = h("bdi", { part: "name", class: "name" }, this.#stem, this.#ending);
  #shown = "";

  /** @param {string} name */
  show(name) {
    if (name === this.#shown) return;
    this.#shown = name;
    const { stem, extension } = displayName(name);
    this.#stem.textContent = stem;
    this.#ending.textContent = extension;
    this.root.title = stem + extension;
  }
}

/**
 * @param {string} name
 * @returns {string} As it may be put into a sentence: hidden characters visible, its direction its own.
 */
export function spokenName(name) {
  const { stem, extension } = displayName(name);
  return `\u2068${stem}${extension}\u2069`;
}
