/** Hands downloaded bytes to the browser's own downloads, under the decrypted name. */

import { element } from "./element.js";
import { safeDownloadName } from "../pkg/partway.js";

/** How long the browser may take to fetch the blob, in milliseconds, before its memory is given back. */
const KEPT = 60_000;

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  // Without its type, so that no browser shows a stranger's HTML or SVG as a page of this origin instead of saving it.
  const url = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  const link = element("a", { href: url, download: safeDownloadName(name), hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}
