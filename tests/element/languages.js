// The texts: every language says everything.

import { ok, same, until } from "/contract/test.js";
import { file } from "/contract/service.js";
import { part, put, row, stage, test } from "./stage.js";

const LANGUAGES = ["en", "de", "fr", "es", "ja", "zh", "ar"];
/** `ErrorCode` of partway.d.ts, and what the element adds. */
const CODES = [
  "invalid-option",
  "invalid-file",
  "file-changed",
  "too-large",
  "too-many-files",
  "session-expired",
  "unauthorized",
  "refused",
  "not-found",
  "network",
  "timeout",
  "server",
  "protocol",
  "integrity",
  "storage",
  "closed",
  "load",
  "not-accepted",
  "not-a-file",
  "unreadable",
];
const texts = async (language) => (await import(`/pkg/element/languages/${language}.js`)).default;
const browse = (element) => part(element, "browse").textContent;

test("every error code of the types has a text here", async () => {
  const types = await (await fetch("/pkg/partway.d.ts")).text();
  const union = types.slice(types.indexOf("type ErrorCode"));
  const codes = [...union.slice(0, union.indexOf(";")).matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
  ok(codes.length > 10, codes.join());
  same(
    codes.filter((code) => !CODES.includes(code)),
    [],
  );
});

for (const language of LANGUAGES) {
  test(`${language} has every text, every plural form and every value of English`, async () => {
    const [own, english] = [await texts(language), await texts("en")];
    same(Object.keys(own).sort(), Object.keys(english).sort());
    for (const code of CODES) ok(own[`error.${code}`]?.length > 0, `error.${code}`);
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const values = (text) => [...new Set(JSON.stringify(text).match(/\{\w+\}/g))].sort();
    for (const [key, text] of Object.entries(own)) {
      same(typeof text, typeof english[key], key);
      if (typeof text === "object") same(Object.keys(text).sort(), [...forms].sort(), `forms of ${key}`);
      same(values(text), values(english[key]), `values of ${key}`);
      const all = typeof text === "string" ? [text] : Object.values(text);
      ok(
        all.every((one) => one.trim() !== "" && !/[<>]/.test(one)),
        key,
      );
    }
  });
}

test("the language follows the nearest `lang`, at run time", async () => {
  const around = document.createElement("div");
  stage.append(around);
  const element = await put("partway-uploader", { multiple: "", "max-files": 0 }, {}, around);
  element.add([file(3, "a.bin")]);
  const [{ browseMany: english, ...en }, { browseMany: german, ...de }, { browseMany: french }] = await Promise.all(
    ["en", "de", "fr"].map(texts),
  );
  same(browse(element), english);
  same(element.files[0].error.message, en["error.more-than"].other.replace("{count}", "0"));
  around.lang = "de-AT";
  await until(() => browse(element) === german, "German");
  same(element.files[0].error.message, de["error.more-than"].other.replace("{count}", "0"));
  await until(
    async () => (await row(element, "a.bin")).textContent.includes(de["state.rejected"]),
    "the row in German",
  );
  element.lang = "fr";
  await until(() => browse(element) === french, "French");
  element.removeAttribute("lang");
  await until(() => browse(element) === german, "German again");
  around.lang = "tlh";
  await until(() => browse(element) === english, "English for a language without texts");
});

test("Arabic is read from the right, and so is a page that says so", async () => {
  const element = await put("partway-uploader", { multiple: "", lang: "ar" });
  const { browseMany } = await texts("ar");
  const list = await put("partway-bucket", { lang: "ar" });
  const direction = (element) => getComputedStyle(part(element, "list")).direction;
  await until(
    () => browse(element) === browseMany && direction(element) === "rtl" && direction(list) === "rtl",
    "Arabic",
  );
  element.dir = "ltr";
  await until(() => direction(element) === "ltr", "the page's own direction");
  element.lang = "en";
  element.removeAttribute("dir");
  document.documentElement.dir = "rtl";
  await until(() => direction(element) === "rtl", "the direction of the page");
});

test("a page gives its own texts", async () => {
  const element = await put(
    "partway-uploader",
    { multiple: "", manual: "" },
    { messages: { browseMany: "Take <b>some</b>" } },
  );
  await until(() => browse(element) === "Take <b>some</b>", "the text");
  element.messages = { filesOf: ({ count }) => `so many: ${count}`, "error.not-accepted": "Not this one." };
  await until(() => browse(element) !== "Take <b>some</b>", "the language's own again");
  element.accept = ".txt";
  element.add([file(3, "a.txt"), file(3, "b.bin")]);
  same(element.files[1].error.message, "Not this one.");
  await until(() => part(element, "overall").textContent.includes("so many: 1"), "the function's text");
});

test("numbers are written as the language writes them", async () => {
  const element = await put("partway-uploader", { multiple: "", manual: "", lang: "de" });
  await until(async () => browse(element) === (await texts("de")).browseMany, "German");
  element.add([new File([new Uint8Array(1_234_567)], "a.bin")]);
  const { textContent } = await row(element, "a.bin");
  ok(/1,2\sMB/.test(textContent), textContent);
});
