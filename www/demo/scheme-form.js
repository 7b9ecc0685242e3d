/** The form that finds out which encryption another program wrote a bucket's names with. */

import { identifyNames } from "../pkg/partway.js";
import { setText } from "./element.js";
import { sentenceOf } from "./failure.js";

/** @typedef {import("../partway.d.ts").NameScheme} NameScheme */

/** @type {Record<NameScheme, string>} */
const SCHEMES = {
  partway: "Partway’s own: AES-256-GCM under a key derived from the session ID.",
  cryptojs: "CryptoJS’s passphrase mode, as of OpenSSL: AES-256-CBC, key by MD5. Nothing proves who wrote it.",
  "gcm-sha256": "AES-256-GCM under the SHA-256 of the session ID.",
  "gcm-raw32": "AES-256-GCM under the session ID’s own 32 bytes.",
  "cbc-raw32": "AES-256-CBC under the session ID’s own 32 bytes. Nothing proves who wrote it.",
  plain: "None: the name is listed as it is.",
};

/** @param {HTMLFormElement} form With the fields `session`, `known` and `listed`, and an `output`. */
export function enableSchemeForm(form) {
  const answer = /** @type {HTMLOutputElement} */ (form.querySelector("output"));
  /** @param {string} name */
  const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value;
  form.addEventListener("input", () => show("", ""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const scheme = await identifyNames(field("session"), field("known"), field("listed").trim());
      if (scheme) show(scheme, `${scheme}. ${SCHEMES[scheme]}`);
      else show("none", "No known scheme turns this name into what is listed, under this session ID.");
    } catch (error) {
      show("error", sentenceOf(error));
    }
  });

  /** @param {string} outcome @param {string} text */
  function show(outcome, text) {
    answer.dataset.scheme = outcome;
    setText(answer, text);
  }
}
