/**
 * Names made safe to show and safe to save under. A name comes from whoever put the file into the session, so it may
 * try to look like another one, or to be one that a system treats specially.
 */

/** Direction marks and overrides, controls, invisible and tag characters: what makes a name look like another. */
const HIDDEN = /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\u{E0000}-\u{E0FFF}]/gu;
const LONE_SURROGATE = /\p{Cs}/gu;
const FORBIDDEN = /[<>:"|?*]/g;
/** Names that Windows gives to devices, whatever the extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:$|[. ])/i;
/** Most bytes of a saved name: file systems end at 255, and browsers append " (1)". */
const MOST_BYTES = 240;
/** A longer ending is no extension. */
const MOST_EXTENSION = 16;

const encoder = new TextEncoder();

/**
 * @param {string} name
 * @returns {{ stem: string, extension: string }} Together the name with hidden characters as visible marks such as
 *   "[U+202E]"; the extension with its dot, empty where there is none.
 */
export function displayName(name) {
  return split(name.replace(HIDDEN, mark).replace(LONE_SURROGATE, mark));
}

/**
 * @param {string} name
 * @returns {string} A name any system takes: no path, nothing hidden, never empty, at most 240 bytes, the extension kept.
 */
export function safeDownloadName(name) {
  const last = name.split(/[\\/]/).filter((part) => part.trim() !== "").pop() ?? "";
  const plain = last.replace(HIDDEN, "_").replace(LONE_SURROGATE, "_").replace(FORBIDDEN, "_").trim()
    .replace(/^\.+/, (dots) => "_".repeat(dots.length)).replace(/[. ]+$/, "");
  const named = DEVICE.test(plain) ? `_${plain}` : plain;
  const { stem, extension } = split(named || "file");
  return `${cut(stem, MOST_BYTES - encoder.encode(extension).length)}${extension}`;
}

/** @param {string} name */
function split(name) {
  const dot = name.lastIndexOf(".");
  const extension = name.slice(dot);
  // A dot at the start makes a hidden file, and one with a space or a path after it ends a sentence.
  if (dot <= 0 || extension.length < 2 || extension.length > MOST_EXTENSION || /[\s/]/.test(extension)) return { stem: name, extension: "" };
  return { stem: name.slice(0, dot), extension };
}

/**
 * @param {string} text
 * @param {number} bytes
 */
function cut(text, bytes) {
  let used = 0;
  let kept = "";
  for (const letter of text) {
    used += encoder.encode(letter).length;
    if (used > bytes) break;
    kept += letter;
  }
  return kept;
}

/** @param {string} character */
function mark(character) {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`;
}
