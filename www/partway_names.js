// Names made safe to show and safe to save under. A name comes from whoever put the file into the session, so it may
// try to look like another one, or to be one that a system treats specially.
//
// Both functions are synchronous and work before the WebAssembly is loaded, so they are JavaScript. What they promise
// is in tests/contract/shown-names.js, with the tables tests/vectors/shown-names.json and saved-names.json.

/**
 * Controls, line separators, what Unicode says to draw nothing for (direction marks and overrides among it), and what
 * fonts draw nothing for. Of the variation selectors and joiners in it, `isHidden` decides before.
 */
const HIDDEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800\uFDD0-\uFDEF\uFFF9-\uFFFB\uFFFE\uFFFF\u{13430}-\u{1343F}\u{16FE4}]/u;
/**
 * Chooses the form of the emoji or ideograph before it, or makes a key cap; behind a letter of ASCII, or nothing, it
 * only hides.
 */
const VARIATION = /[\uFE00-\uFE0F]/;
const BASE = /^[^\0-\x7F\s\uFE00-\uFE0F]$/u;
const KEY = /^[0-9#*]$/;
const KEY_CAP = "\u20E3";
/** U+200C keeps two letters apart, U+200D joins them. */
const JOINER = /[\u200C\u200D]/;
/**
 * What a joiner may stand between: letters from Arabic to Tibetan, Myanmar, Khmer and Mongolian, whose spelling needs
 * it, and emoji, which are put together with it (RFC 5892, appendix A, says so of the letters alone, and more exactly).
 */
const JOINED = /[\u0600-\u0FFF\u1000-\u109F\u1780-\u18AF\u2190-\u27BF\u2900-\u2BFF\uFB50-\uFDCF\u{1F000}-\u{1FAFF}]/u;
/** Signs that take the vowel away; a joiner behind one chooses its form, at the end of a word too. */
const VIRAMA = /[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA]/;
const LONE_SURROGATE = /\p{Cs}/u;
const FORBIDDEN = /[<>:"|?*\uFFFD]|\p{Cs}/gu;
/** Names that Windows gives to devices, whatever the extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:$|[. ])/i;
/** What Windows drops from the end of a name. */
const LOOSE_END = /[\s.]+$/u;
/** What no name may end in where it is cut. */
const CUT_END = /[\s.\u200C\u200D\uFE00-\uFE0F]+$/u;
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
  const [stem, extension] = split(replaceHidden(text("displayName", name), mark));
  return { stem, extension };
}

/**
 * @param {string} name
 * @returns {string} A name any system takes: no path, nothing hidden, never empty, at most 240 bytes, the extension
 *   kept.
 */
export function safeDownloadName(name) {
  const parts = text("safeDownloadName", name).split(/[\\/]/);
  const last = parts.filter((part) => part.trim() !== "").pop() ?? "";
  const [stem, ending] = split(replaceHidden(last.replace(FORBIDDEN, "_"), () => "_"));
  const extension = ending.replace(LOOSE_END, "");
  const bare = stem.trimStart().replace(/^\.+/, (dots) => "_".repeat(dots.length));
  const safe = extension === "" ? bare.replace(LOOSE_END, "") : (bare || "_") + extension;
  return shorten((DEVICE.test(safe) ? `_${safe}` : safe) || "file");
}

function text(caller, name) {
  if (typeof name === "string") return name;
  throw new TypeError(`${caller}: the name must be a string, but it is ${name === null ? "null" : typeof name}.`);
}

/** Rewrites every hidden character. */
function replaceHidden(name, replace) {
  const characters = [...name];
  let out = "";
  let before = "";
  characters.forEach((character, at) => {
    const kept = isHidden(character, before, characters[at + 1] ?? "") ? replace(character) : character;
    out += kept;
    before = [...kept].pop();
  });
  return out;
}

function isHidden(character, before, after) {
  if (VARIATION.test(character)) return !BASE.test(before) && !(KEY.test(before) && after === KEY_CAP);
  if (JOINER.test(character)) return !VIRAMA.test(before) && !((joins(before) || VARIATION.test(before)) && joins(after));
  return HIDDEN.test(character) || LONE_SURROGATE.test(character);
}

function joins(character) {
  return JOINED.test(character) && !HIDDEN.test(character);
}

/**
 * Stem and extension, and whatever of spaces and dots Windows would drop behind it. A dot at the start makes a hidden
 * file, and one with a space or a path behind it ends a sentence.
 */
function split(name) {
  const kept = name.replace(LOOSE_END, "");
  const dot = kept.lastIndexOf(".");
  const [proper, extension] = dot < 0 ? ["", ""] : [kept.slice(dot), name.slice(dot)];
  if (dot <= 0 || proper.length < 2 || [...extension].length > MOST_EXTENSION || /[\s/\\]/u.test(proper)) return [name, ""];
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
  kept = kept.replace(CUT_END, "");
  if (extension !== "") return kept + extension;
  // A long name without an extension gets none by the cut.
  const [rest, ending] = split(kept);
  return rest + ending.replace(".", "_");
}

function mark(character) {
  return `[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;
}
