/** What went wrong, as a sentence for a person. */

import { isPartwayError } from "../pkg/partway.js";

/**
 * @param {unknown} error
 * @returns {string} The library's own sentence (it carries no secret and no file name), else one that admits we do
 *   not know.
 */
export function sentenceOf(error) {
  if (!isPartwayError(error)) return "Something in this page went wrong. Reloading it may help.";
  const { message } = error;
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
