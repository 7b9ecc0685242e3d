/** Colours code: a few kinds of words, enough for the page's own samples. The text itself is not touched. */

import { element } from "./element.js";

const KINDS = ["comment", "string", "word"];
/** One group for each kind, in their order. Strings and comments first, since words in them are no words. */
const CODE = new RegExp([
  /(<!--[^]*?-->|\/\*[^]*?\*\/|(?<!:)\/\/.*)/,
  /("[^"\n]*"|`[^`]*`)/,
  /(<\/?[\w.-]*|(?<!=)\/?>(?=\s|<|$)|--partway-[\w-]+|\b(?:import|export|from|const|await|async|function|return)\b)/,
].map(({ source }) => source).join("|"), "g");

/** @param {HTMLElement} code Holds text only. */
export function highlight(code) {
  const text = code.textContent ?? "";
  /** @type {(Node | string)[]} */
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(CODE)) {
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)];
    pieces.push(text.slice(end, match.index), element("span", { class: kind }, match[0]));
    end = match.index + match[0].length;
  }
  code.replaceChildren(...pieces, text.slice(end));
}
