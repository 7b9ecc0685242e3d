/**
 * Texts and numbers of one language. Each language's texts are a file of their own, loaded when an element is in
 * that language.
 */

import { bare, own } from "./own.js";

/** @typedef {string | Record<string, string>} Text One string, or one for each plural form of `count`. */
/**
 * @typedef {Partial<Record<string, string | ((values: Record<string, unknown>) => string)>>} Messages A page's own
 *   texts.
 */

// Literal addresses, so that bundlers find the files.
const ENGLISH = () => import("./languages/en.js");
/** @type {Record<string, () => Promise<{ default: Record<string, Text> }>>} */
const FILES = {
  ar: () => import("./languages/ar.js"),
  de: () => import("./languages/de.js"),
  en: ENGLISH,
  es: () => import("./languages/es.js"),
  fr: () => import("./languages/fr.js"),
  ja: () => import("./languages/ja.js"),
  zh: () => import("./languages/zh.js"),
};
const UNITS = ["kilobyte", "megabyte", "gigabyte", "terabyte"];

/** Texts and formats of a language. */
export class Language {
  /** @type {Map<string, Intl.NumberFormat>} */
  #formats = new Map();

  /**
   * @param {string} tag BCP 47.
   * @param {Record<string, Text>} texts
   */
  constructor(tag, texts) {
    this.tag = tag;
    this.texts = texts;
    this.plurals = new Intl.PluralRules(tag);
    /** @type {Messages} */
    this.messages = {};
  }

  /** Whether it is written from right to left. */
  get isRightToLeft() {
    return this.tag.startsWith("ar");
  }

  /**
   * @param {string} key
   * @param {Record<string, unknown>} [values] What stands for the {placeholders}. `count` also chooses the plural form.
   * @returns {string} The page's own text, else the language's; nothing before the language is there.
   */
  text(key, values = {}) {
    const given = own(this.messages, key);
    if (typeof given === "function") return String(given(values));
    const text = given ?? own(this.texts, key) ?? "";
    const form =
      typeof text === "string" ? text : (own(text, this.plurals.select(Number(own(values, "count")))) ?? own(text, "other") ?? "");
    return form.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = own(values, name);
      return value === undefined ? whole : typeof value === "number" ? this.number(value) : String(value);
    });
  }

  /** @param {string} key @returns {boolean} */
  has(key) {
    return own(this.texts, key) !== undefined || own(this.messages, key) !== undefined;
  }

  /** @param {number} value @param {Intl.NumberFormatOptions} [options] @returns {string} */
  number(value, options = {}) {
    const key = JSON.stringify(options);
    let format = this.#formats.get(key);
    if (!format) this.#formats.set(key, (format = new Intl.NumberFormat(this.tag, bare({ ...options }))));
    return format.format(value);
  }

  /** @param {number} value @param {string} unit @param {number} [digits] @param {"short" | "long"} [unitDisplay] */
  #unit(value, unit, digits = 0, unitDisplay = "short") {
    return this.number(value, {
      style: "unit",
      unit,
      unitDisplay,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  }

  /** @param {number} bytes @param {string} [suffix] @returns {string} In decimal units, such as "41.9 MB". */
  size(bytes, suffix = "") {
    if (bytes < 1000 && !suffix) return this.#unit(bytes, "byte", 0, "long");
    let value = bytes / 1000;
    let step = 0;
    // 999.95 and not 1000, so that rounding never shows "1000.0 kB".
    while (value >= 999.95 && step < 3) {
      value /= 1000;
      step += 1;
    }
    return this.#unit(value, UNITS[step] + suffix, value >= 100 ? 0 : 1);
  }

  /** @param {number} bytesPerSecond @returns {string} Such as "12.4 MB/s". */
  speed(bytesPerSecond) {
    return this.size(bytesPerSecond, "-per-second");
  }

  /** @param {number} part @param {number} whole @returns {string} Never 100 % before the last byte. */
  percent(part, whole) {
    const ratio = whole > 0 ? part / whole : 1;
    return this.number(ratio < 1 ? Math.floor(ratio * 100) / 100 : 1, { style: "percent" });
  }

  /** @param {number} milliseconds @returns {string} Such as "40 sec", "3 min 20 sec", "2 hr 5 min". */
  duration(milliseconds) {
    const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
    const minutes = Math.round(seconds / 60);
    const [large, unit, small, rest] =
      seconds < 60
        ? [0, "", seconds, "second"]
        : // Seconds are noise in a forecast of more than ten minutes.
          seconds < 600
          ? [Math.floor(seconds / 60), "minute", seconds % 60, "second"]
          : minutes < 2880
            ? [Math.floor(minutes / 60), "hour", minutes % 60, "minute"]
            : [Math.round(minutes / 1440), "day", 0, ""];
    return [large && this.#unit(large, unit), small && this.#unit(small, rest)].filter(Boolean).join(" ");
  }
}

/** What there is until a language is loaded: no words. */
export const NONE = new Language("en", {});

/**
 * @param {string | null} wanted A BCP 47 tag, such as "de-AT".
 * @returns {Promise<Language>} English for languages there are no texts of.
 */
export async function loadLanguage(wanted) {
  const [base = ""] = (wanted ?? "").toLowerCase().split("-");
  const file = Object.hasOwn(FILES, base) ? FILES[base] : undefined;
  const { default: texts } = await (file ?? ENGLISH)();
  try {
    return new Language(file && wanted ? wanted : "en", texts);
  } catch {
    return new Language(file ? base : "en", texts); // the rest of the tag is none
  }
}
