// Names made safe to show and safe to save under. A name comes from whoever put the file into the session, so it may try to
// look like another one, or to be one that a system treats specially.
//
// Both functions are synchronous and work before the WebAssembly is loaded, so they are JavaScript. `src/names/` has the same
// for Rust; the tables tests/vectors/shown-names.json and saved-names.json hold the two to one behaviour.

/** Controls, direction marks, line separators, and what is drawn as nothing: `RANGES` of src/names/hidden.rs. */
const HIDDEN = /[\0-\x1F\x7F-\x9F\xAD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E\u2060-\u206F\u2800\u3164\uFDD0-\uFDEF\uFEFF\uFFA0\uFFF0-\uFFFB\uFFFE\uFFFF\u{13430}-\u{1343F}\u{16FE4}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}]/u;
/** Chooses the form of the emoji or ideograph before it; behind a letter of ASCII, or nothing, it only hides. */
const VARIATION = /[\uFE00-\uFE0F]/;
const BASE = /^[^\0-\x7F\s\uFE00-\uFE0F]$/u;
const LONE_SURROGATE = /\p{Cs}/u;
const FORBIDDEN = /[<>:"|?*\uFFFD]|\p{Cs}/gu;
/** Names that Windows gives to devices, whatever the extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:$|[. ])/i;
/** What Windows drops from the end of a name. */
const LOOSE_END = /[\s.]+$/u;
/** Most bytes of a saved name: file systems end at 255, and browsers append " (1)". */
const MOST_BYTES = 240;
/** A longer ending, counted with its dot, is no extension. */
const MOST_EXTENSION = 16;

const encoder = new TextEncoder();
const bytes = (text) => encoder.encode(text).length;

/**
 * @param {string} name
 * @returns {{ stem: string, extension: string }} Together the name with hidden characters as visible marks such as
 *   "[U+202E]"; the extension with its dot, empty where there is none.
 */
export function displayName(name) {
  const [stem, extension] = split(replaceHidden(name, mark));
  return { stem, extension };
}

/**
 * @param {string} name
 * @returns {string} A name any system takes: no path, nothing hidden, never empty, at most 240 bytes, the extension kept.
 */
export function safeDownloadName(name) {
  const last = name.split(/[\\/]/).filter((part) => part.trim() !== "").pop() ?? "";
  const plain = replaceHidden(last.replace(FORBIDDEN, "_"), () => "_").trim();
  const safe = plain.replace(/^\.+/, (dots) => "_".repeat(dots.length)).replace(LOOSE_END, "");
  return shorten((DEVICE.test(safe) ? `_${safe}` : safe) || "file");
}

/** Rewrites every hidden character. */
function replaceHidden(name, replace) {
  let out = "";
  let before = "";
  for (const character of name) {
    const hides = VARIATION.test(character) ? !BASE.test(before) : HIDDEN.test(character) || LONE_SURROGATE.test(character);
    const kept = hides ? replace(character) : character;
    out += kept;
    before = [...kept].pop();
  }
  return out;
}

/** Stem and extension. A dot at the start makes a hidden file, and one with a space or a path behind it ends a sentence. */
function split(name) {
  const dot = name.lastIndexOf(".");
  const extension = dot < 0 ? "" : name.slice(dot);
  const length = [...extension].length;
  if (dot <= 0 || length < 2 || length > MOST_EXTENSION || /[\s/\\]/u.test(extension)) return [name, ""];
  return [name.slice(0, dot), extension];
}

/** Cuts the stem until the name fits. */
function shorten(name) {
  if (bytes(name) <= MOST_BYTES) return name;
  const [stem, extension] = split(name);
  let room = MOST_BYTES - bytes(extension);
  let kept = "";
  for (const character of stem) {
    room -= bytes(character);
    if (room < 0) break;
    kept += character;
  }
  kept = kept.replace(LOOSE_END, "");
  if (extension !== "") return kept + extension;
  // A long name without an extension gets none by the cut.
  const [rest, ending] = split(kept);
  return rest + ending.replace(".", "_");
}

function mark(character) {
  return `[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;
}
