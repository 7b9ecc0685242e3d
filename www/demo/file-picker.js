/**
 * The browser's file dialogue. Where there is `showOpenFilePicker` it gives handles as well, with which an upload goes on
 * after a reload without the file being picked again; everywhere else it is the plain file input.
 */

import { element } from "./element.js";
import { isAbort } from "./failure.js";
import { filesOfInput } from "./dropped-items.js";

/** @typedef {import("./dropped-items.js").Picked} Picked */

/** A frame or a policy may refuse the dialogue with handles; then it is not tried again. */
let refused = false;

/** Whether the browser's dialogue gives handles. */
export const givesHandles = () => "showOpenFilePicker" in window && isSecureContext && !refused;

/**
 * Lets the dialogue with handles take the place of the input's own. The input stays what fills without a click reaches it:
 * dropped files, scripts, tools.
 * @param {HTMLInputElement} input
 * @param {(picked: Picked[]) => void} onPicked
 */
export function preferHandles(input, onPicked) {
  input.addEventListener("click", async (event) => {
    if (!givesHandles() || !event.isTrusted) return;
    event.preventDefault();
    try {
      onPicked(await withHandles(input.multiple));
    } catch (error) {
      if (isAbort(error)) return;
      refused = true;
      // The click may still count; if not, the next one opens it.
      try { input.showPicker(); } catch { /* see above */ }
    }
  });
}

/**
 * Asks for one file. Call it inside a click.
 * @returns {Promise<Picked | null>} `null` where the person chose none.
 */
export async function pickOne() {
  if (givesHandles()) {
    try {
      return (await withHandles(false))[0] ?? null;
    } catch (error) {
      if (isAbort(error)) return null;
      refused = true;
    }
  }
  const input = element("input", { type: "file", hidden: true });
  document.body.append(input);
  try {
    return await new Promise((done) => {
      input.addEventListener("change", () => done(filesOfInput(input.files ?? [])[0] ?? null));
      input.addEventListener("cancel", () => done(null));
      input.click();
    });
  } finally {
    input.remove();
  }
}

/**
 * @param {boolean} multiple
 * @returns {Promise<Picked[]>}
 */
async function withHandles(multiple) {
  /** @type {FileSystemFileHandle[]} */
  const handles = await /** @type {any} */ (window).showOpenFilePicker({ multiple });
  return Promise.all(handles.map(async (handle) => {
    const file = await handle.getFile();
    return { file, name: file.name, handle };
  }));
}
