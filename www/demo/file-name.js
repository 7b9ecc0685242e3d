/**
 * A file name on the page: always text, isolated from the direction of its surroundings, invisible and direction-changing
 * characters made visible, the extension kept in sight however long the name is.
 */

import { element } from "./element.js";
import { displayName } from "../pkg/partway.js";

/** Longer names are cut in what is read aloud and in tooltips; the row itself cuts with an ellipsis. */
const SPOKEN = 80;

/** Extensions whose files can run code when opened. */
const RUNNABLE = new Set(
  "app apk bat cmd com command cpl desktop dll dmg exe hta htm html inf jar js jse lnk mjs msi msix pif pkg ps1 py reg scr sh svg url vb vbe vbs wsf xht xhtml xml xsl"
    .split(" "),
);

/**
 * @param {string} name
 * @returns {HTMLElement} The name in two isolated pieces, stem and extension.
 */
export function fileName(name) {
  const { stem, extension } = displayName(name);
  const made = element("span", { class: "file-name", title: spokenName(name) },
    element("bdi", { class: "stem", dir: "auto" }, stem));
  if (extension) made.append(element("bdi", { class: "extension", dir: "ltr" }, extension));
  return made;
}

/** @param {string} name @returns {string} The name for a label, a tooltip or the live region. */
export function spokenName(name) {
  const { stem, extension } = displayName(name);
  const letters = Array.from(stem);
  return (letters.length > SPOKEN ? `${letters.slice(0, SPOKEN).join("")}…` : stem) + extension;
}

/** @param {string} name @returns {boolean} Whether opening a file of this name can run code. */
export function isRunnable(name) {
  return RUNNABLE.has(displayName(name).extension.replace(/^\.|[\s.]+$/gu, "").toLowerCase());
}
