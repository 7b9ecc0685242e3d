/** What went wrong, as a sentence for a person and a code for whoever looks it up. */

import { isPartwayError } from "../pkg/partway.js";

/** @typedef {{ sentence: string, code: string, retryable: boolean }} Failure */

/**
 * @param {unknown} error
 * @returns {Failure} The library's own sentence (it carries no secret and no file name), else one that admits we do not know.
 */
export function failure(error) {
  if (isPartwayError(error)) {
    return { sentence: sentence(error.message), code: error.code, retryable: error.retryable };
  }
  return { sentence: "Something in this page went wrong. Reloading it may help.", code: "unexpected", retryable: true };
}

/** @param {unknown} error @returns {boolean} Whether it only says that someone cancelled. */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/** @param {string} message */
function sentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
