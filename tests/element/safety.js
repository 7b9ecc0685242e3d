// What strangers send, and what pages forbid.

import { ok, same, until } from "/contract/test.js";
import { bytes, scenario } from "/contract/service.js";
import { displayName } from "/pkg/partway.js";
import { click } from "./input.js";
import { button, done, fileOf, frame, part, put, row, rows, stage, test, uploader } from "./stage.js";

/** Sixty names that want to be more than a name. */
const HOSTILE = [
  "<b>bold</b>.txt", "<img src=x onerror=ran(1)>.png", "<script>ran(1)</script>.js",
  "</span></li></ul><h1>out</h1>.txt", "<svg onload=ran(1)>.svg", "\"><iframe src=javascript:ran(1)>.htm",
  "' onmouseover='ran(1).txt", "&lt;not html&gt;.txt", "&amp;&quot;&#60;.txt", "<!-- comment.txt",
  "<![CDATA[x]]>.xml", "<style>*{display:none}</style>.css", "<template>.html", "javascript:ran(1).txt",
  "data:text/html,<b>x</b>", "{{constructor.constructor('ran(1)')()}}.txt", "${ran(1)}.txt", "{name}.txt",
  "{count}{size}{message}.txt", "%3Cb%3E.txt", "%00.txt", "%s%d%n.txt", "__proto__", "constructor", "toString",
  "hasOwnProperty", "valueOf", "prototype", "null", "undefined", "NaN", "[object Object]", "../../etc/passwd",
  "..\\..\\windows\\system.ini", "/etc/shadow", "C:\\autoexec.bat", "..", ".", ".hidden", "a//b", "a/../b.txt",
  "gpj.\u202Eexe", "\u202Etxt.exe", "\u2066isolate\u2069.txt", "\u200Finvoice\u200E.pdf", "zero\u200Bwidth.txt",
  "\uFEFFbom.txt", "soft\u00ADhyphen.txt", "two\nlines.txt", "carriage\rreturn.txt", "tab\there.txt",
  "bell\u0007.txt", "\u001B[31mred.txt", "null\0byte.txt", " leading and trailing ", "x".repeat(251) + ".txt",
  "é".repeat(127), "👩‍👩‍👧‍👦🏳️‍🌈.png", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘.txt", "مرحبا.txt",
];

/** What they would call if one of them were more. */
let runs = 0;
window.ran = () => (runs += 1);

const shownAs = (name) => {
  const { stem, extension } = displayName(name);
  return stem + extension;
};

/** What a row shows as the name, and how many elements it takes for that. */
const shown = (inRow) => {
  const name = inRow.querySelector("[part~=name]");
  return [name.textContent, name.querySelectorAll("*").length];
};

test("sixty hostile names are sealed, listed and shown as text", async () => {
  same([HOSTILE.length, new Set(HOSTILE).size], [60, 60]);
  const { element, service } = await uploader({ multiple: "", id: "hostile" });
  const list = await put("partway-bucket", { for: "hostile" });
  element.add(HOSTILE.map((name, at) => ({ file: new Blob([`${at}`]), name })));
  same(
    element.files.map(({ name }) => name),
    HOSTILE,
  );
  await done(element, 60);
  const plain = shown(await row(element, "__proto__"))[1];
  for (const name of HOSTILE) same(shown(await row(element, name)), [shownAs(name), plain]);
  ok(
    rows(element).every((one) =>
      [...one.querySelectorAll("button:not([hidden])")].every(({ ariaLabel }) => ariaLabel.length > 0),
    ),
    "labels",
  );
  const entries = await (await service.open()).list();
  same(entries.map(({ name }) => name).sort(), [...HOSTILE].sort());
  await list.refresh();
  await until(() => rows(list).length === 60, "the list");
  for (const { key, name } of list.entries) {
    same(shown(list.shadowRoot.querySelector(`[data-key="${key}"]`)), [shownAs(name), plain]);
  }
  for (const root of [element.shadowRoot, list.shadowRoot, stage]) {
    same(root.querySelectorAll("img, script, iframe, h1, b, style, template, a").length, 0);
  }
  same(runs, 0, "nothing of them ran");
});

test("a name that nobody vouches for shows that it is not", async () => {
  const entry = (name, nameAuthenticated) => ({
    key: name ?? "nameless", name, nameScheme: name && "plain", nameAuthenticated, size: 1, sizeMatches: true, parts: 1,
    completed: true, creator: null,
  });
  const entries = [entry("sealed.txt", true), entry("claimed.txt", false), entry(null, false)];
  const list = await put("partway-bucket", {}, { bucket: { list: async () => entries } });
  await until(() => rows(list).length === 3, "the list");
  const told = (key) => rows(list).find(({ dataset }) => dataset.key === key).querySelector("[part=meta]").textContent;
  // What has no name claims none.
  same(["sealed.txt", "claimed.txt", "nameless"].map((key) => told(key).includes("Name not verified")), [false, true, false]);
});

test("hostile names that are not taken are told as text", async () => {
  const { element } = await uploader({ multiple: "", accept: ".nothing" });
  for (const name of HOSTILE) element.add([{ file: new Blob(["x"]), name }]);
  await until(() => element.matches(":state(error)"), "the rejections");
  await until(
    () => rows(element).length > 0 && element.shadowRoot.querySelector("[role=alert]:not([part])")?.textContent !== "",
    "the alert",
  );
  same(element.shadowRoot.querySelectorAll("img, script, iframe, h1, b, style, template, a").length, 0);
});

test("under a strict policy with Trusted Types nothing is violated", async () => {
  const { contentDocument: page, contentWindow: view } = await frame("/strict/index.html");
  const faults = [
    { match: { method: "POST", path: "^/v1/buckets$", nth: [3] }, do: { status: 403 } },
    { match: { method: "PUT" }, do: { delayMs: 150 } },
  ];
  const service = await scenario(faults);
  const { endpoint, token, sessionId } = service;
  const getSession = () => ({ endpoint, token, sessionId });
  const attributes = { multiple: "", directory: "", paste: "document", id: "strict", "max-size": 8_000_000 };
  const element = await put("partway-uploader", attributes, { getSession }, page.body);
  const list = await put("partway-bucket", { for: "strict" }, {}, page.body);
  const blob = (size) => new view.File([bytes(size, size)], "");
  element.add(
    [1, 2, 3, 4]
      .map((at) => ({ file: blob(6_000_000 + at), name: HOSTILE[at] }))
      .concat({ file: blob(9_000_000), name: "large" }),
  );
  await click(await button(element, HOSTILE[1], "pause"));
  await until(() => fileOf(element, HOSTILE[1])?.state === "paused", "the pause");
  await click(await button(element, HOSTILE[1], "resume"));
  await done(element, 3);
  await until(() => rows(list).length === 3, "the list");
  for (const language of ["de", "ar", "ja"]) {
    page.documentElement.lang = language;
    await until(() => part(element, "list").closest("[lang]").lang === language, language);
  }
  for (const action of ["copy", "download", "delete", "confirm"]) {
    let found;
    await until(() => (found = list.shadowRoot.querySelector(`[data-action=${action}]`))?.checkVisibility(), action);
    await click(found);
  }
  await until(() => rows(list).length === 2, "its removal");
  await element.cancel();
  same(view.violations, []);
  // The policy is there, and tells.
  page.body.append(Object.assign(page.createElement("img"), { src: "/contract/test.js" }));
  await until(() => view.violations.length > 0, "a violation");
});

test("no secret is told, kept or put into an address", async () => {
  const { element, service } = await uploader(
    { multiple: "" },
    { rules: [{ match: { method: "POST", path: "^/v1/buckets$", nth: [1] }, do: { status: 403 } }] },
  );
  const said = [];
  const { error, warn, log, info } = console;
  for (const name of ["error", "warn", "log", "info"])
    console[name] = (...words) => said.push(words.map(String).join(" "));
  try {
    element.add([
      { file: new Blob(["x"]), name: "private name.txt" },
      { file: new Blob(["y"]), name: "private too.txt" },
    ]);
    await until(() => element.totals.done + element.totals.failed === 2, "the end");
  } finally {
    Object.assign(console, { error, warn, log, info });
  }
  const kept = [
    ...said,
    location.href,
    document.cookie,
    JSON.stringify({ ...localStorage }),
    JSON.stringify({ ...sessionStorage }),
    ...element.getAttributeNames().map((name) => element.getAttribute(name)),
    ...(await service.log()).map(({ path }) => path),
  ].join("\n");
  for (const word of [service.token, service.sessionId, "private"]) ok(!kept.includes(word), kept);
});
