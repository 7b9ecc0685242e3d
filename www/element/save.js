/** Hands what was downloaded to the browser, and links to the clipboard. */

import { safeDownloadName } from "../partway.js";
import { h } from "./dom.js";
import { bare } from "./own.js";

/** How long the browser may take to fetch the blob, in milliseconds, before its memory is given back. */
const KEPT = 60_000;

/** @param {Blob} blob @param {string} name */
export function save(blob, name) {
  // Without its type, so that no browser shows a stranger's HTML or SVG as a page of this origin instead of saving it.
  const url = URL.createObjectURL(new Blob([blob], bare({ type: "application/octet-stream" })));
  const link = h("a", { href: url, download: safeDownloadName(name), hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}

/**
 * Copies a text that has to be fetched first. WebKit allows that only where the promise is given in the click itself.
 * @param {() => Promise<string>} text
 * @returns {Promise<boolean>} Whether the browser allowed it; rejects as `text` does.
 */
export async function copyText(text) {
  const given = text();
  try {
    const blob = given.then((words) => new Blob([words], bare({ type: "text/plain" })));
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    return true;
  } catch {
    const words = await given;
    return (
      navigator.clipboard?.writeText(words).then(
        () => true,
        () => false,
      ) ?? false
    );
  }
}
