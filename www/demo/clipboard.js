/** Puts text that is still being fetched on the clipboard, by whichever way this browser allows. */

/**
 * Call it inside the click, before any await: browsers that ask for a gesture count from there.
 * @param {Promise<string>} text
 * @returns {Promise<boolean>} Whether the text is on the clipboard. Rejects when `text` does.
 */
export async function copy(text) {
  if (navigator.clipboard?.write && typeof ClipboardItem === "function") {
    try {
      const plain = text.then((value) => new Blob([value], { type: "text/plain" }));
      plain.catch(() => {}); // Reported by the await of `text` below.
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": plain })]);
      return true;
    } catch {
      // No permission, or no promises in ClipboardItem: the ways below may still work.
    }
  }
  const value = await text;
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    return copySelection(value);
  }
}

/**
 * The old way, the only one outside secure contexts.
 * @param {string} value
 */
function copySelection(value) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = value;
  document.body.append(field);
  field.select();
  let copied = false;
  try {
    copied = document.execCommand("copy");
  } catch {
    copied = false;
  }
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
