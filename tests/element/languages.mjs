// The element's texts in all its languages: run with `node --test tests/element/languages.mjs`.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const LANGUAGES = ["ar", "de", "en", "es", "fr", "ja", "zh"];
const FOLDER = new URL("../../www/element/languages/", import.meta.url);

/** Codes of the element's own, beside those of the library. */
const ELEMENT_CODES = ["not-accepted", "not-a-file", "unreadable"];

/** Texts of nothing but placeholders and a colon, which German, Spanish and Arabic set as English does. */
const LIKE_ENGLISH = { de: ["actionOn", "alert"], es: ["actionOn", "alert"], ar: ["actionOn", "alert"] };

/** Plural categories that may say the number as a word, or by the form of the noun, in the place of {count}. */
const MAY_LEAVE_OUT_COUNT = ["zero", "one", "two"];

const texts = {};
for (const language of LANGUAGES) texts[language] = (await import(new URL(`${language}.js`, FOLDER))).default;
const english = texts.en;

/** Every text of a language: its key, its plural category (`null` for a text of one form) and the text itself. */
function* formsOf(language) {
  for (const [key, text] of Object.entries(texts[language])) {
    if (typeof text === "string") yield [key, null, text];
    else for (const [category, form] of Object.entries(text)) yield [key, category, form];
  }
}

const placeholdersOf = (text) => (text.match(/\{[a-z]+\}/g) ?? []).sort();

/** The whole numbers up to 1000 that a plural category holds. */
function numbersOf(language, category) {
  const rules = new Intl.PluralRules(language);
  return Array.from({ length: 1001 }, (_, number) => number).filter((number) => rules.select(number) === category);
}

test("the folder holds these languages and nothing else", async () => {
  assert.deepEqual((await readdir(FOLDER)).sort(), LANGUAGES.map((language) => `${language}.js`));
});

test("every error code has a text", async () => {
  const types = await readFile(new URL("../../www/partway.d.ts", import.meta.url), "utf8");
  const union = /export type ErrorCode =([^;]+);/.exec(types);
  assert.ok(union, "partway.d.ts declares ErrorCode as a union");
  const codes = Array.from(union[1].matchAll(/"([^"]+)"/g), ([, code]) => code);
  assert.ok(codes.includes("session-expired") && codes.includes("closed"), "the union was read");
  for (const code of [...codes, ...ELEMENT_CODES]) assert.ok(`error.${code}` in english, `error.${code}`);
});

for (const language of LANGUAGES) {
  test(`${language}: the keys are those of English, in the same order`, () => {
    assert.deepEqual(Object.keys(texts[language]), Object.keys(english));
  });

  test(`${language}: a text has plural forms where English has them, one for each category`, () => {
    assert.deepEqual(Intl.PluralRules.supportedLocalesOf(language), [language]);
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.slice().sort();
    for (const [key, text] of Object.entries(texts[language])) {
      assert.equal(typeof text, typeof english[key], key);
      if (typeof text === "object") assert.deepEqual(Object.keys(text).sort(), categories, key);
    }
  });

  test(`${language}: what is put in is what English puts in`, () => {
    for (const [key, category, text] of formsOf(language)) {
      const wanted = placeholdersOf(category ? english[key].other : english[key]);
      const found = placeholdersOf(text);
      if (MAY_LEAVE_OUT_COUNT.includes(category) && !found.includes("{count}")) {
        assert.equal(numbersOf(language, category).length, 1, `${key}, ${category}: without {count} it is ambiguous`);
        found.push("{count}");
        found.sort();
      }
      assert.deepEqual(found, wanted, `${key}, ${category}: ${text}`);
      assert.doesNotMatch(text.replaceAll(/\{[a-z]+\}/g, ""), /[{}]/, `${key}: a stray brace`);
    }
  });

  test(`${language}: no text is empty, padded or steers the direction of writing`, () => {
    for (const [key, , text] of formsOf(language)) {
      assert.equal(typeof text, "string", key);
      assert.notEqual(text, "", key);
      assert.equal(text, text.trim(), key);
      assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u, key);
    }
  });
}

for (const language of LANGUAGES.filter((language) => language !== "en")) {
  test(`${language}: nothing was left in English`, () => {
    const same = new Set();
    for (const [key, category, text] of formsOf(language)) {
      const original = category ? Object.values(english[key]) : [english[key]];
      if (original.includes(text)) same.add(key);
    }
    assert.deepEqual([...same], LIKE_ENGLISH[language] ?? []);
  });
}
