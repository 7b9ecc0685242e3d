// For everyone: keyboard, focus, what is spoken, sizes, preferences of the system, and what axe finds.

import { ok, same, sleep, until } from "/contract/test.js";
import { MIB, bytes, file, scenario } from "/contract/service.js";
import { clean } from "./axe.js";
import { dragEvent, key, prefer } from "./input.js";
import {
  button,
  buttons,
  done,
  drawn,
  fileOf,
  focused,
  frame,
  part,
  put,
  row,
  rows,
  speaks,
  stage,
  test,
  uploader,
} from "./stage.js";

const late = (delayMs) => [{ match: { method: "PUT" }, do: { delayMs } }];
const AXE = ["chromium", "firefox"];
const names = (...all) => all.map((name, at) => file(10 + at, name));
const called = (element) => element?.ariaLabel || element?.textContent;

/**
 * A button before everything, which has the focus: Tab goes on from there. One after everything sends it back, since
 * beyond the page Firefox gives the keys to its own buttons, and does not come back from them.
 */
function before() {
  const [first, last] = ["Before", "After"].map((textContent) =>
    Object.assign(document.createElement("button"), { textContent }),
  );
  last.addEventListener("focus", () => first.focus());
  stage.prepend(first);
  stage.append(last);
  first.focus();
  return first;
}

/** Presses a key until something has the focus. */
async function reach(target, press = "Tab", most = 30) {
  for (let pressed = 0; pressed < most && focused() !== target(); pressed += 1) await key(press);
  ok(target() && focused() === target(), `${called(target())} is not reached; the focus is on ${called(focused())}`);
  return target();
}

/** What is spoken from now on in a live region. */
function spoken(region) {
  const said = [];
  new MutationObserver(
    () => region.textContent && said.push({ text: region.textContent, at: performance.now() }),
  ).observe(region, { childList: true, characterData: true, subtree: true });
  return said;
}
/** Waits until no colour of an element moves any more. */
async function settled(element) {
  await drawn();
  await until(
    () => element.shadowRoot.getAnimations().every(({ playState }) => playState === "finished"),
    "the colours to settle",
  );
}

const alerts = (element) => [...element.shadowRoot.querySelectorAll("[role=alert]")];

test("Tab reaches everything, in its order, and shows where it is", async () => {
  const { element } = await uploader({ multiple: "", directory: "", manual: "" });
  element.add(names("a.bin", "b.bin"));
  await row(element, "b.bin");
  const anchor = before();
  await drawn();
  const expected = buttons(element);
  const reached = [];
  while (reached.length < expected.length + 3) {
    await key("Tab");
    const at = focused();
    if (!element.shadowRoot.contains(at)) break;
    reached.push(at);
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    ok(
      at.matches(":focus-visible") && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
      `the focus on ${called(at)} is ${outlineWidth} ${outlineStyle}`,
    );
  }
  same(reached.map(called), expected.map(called));
  ok(
    expected.filter(({ ariaLabel }) => ariaLabel?.includes("a.bin")).length >= 2,
    "actions bear the name of their file",
  );
  reached.at(-1).focus();
  await reach(() => anchor, "Shift+Tab", reached.length);
});

test("everything is done by keys alone", async () => {
  const { element, service } = await uploader(
    { multiple: "", manual: "", "part-size": 5 * MIB, parallel: 1 },
    { rules: late(900) },
  );
  let opened = 0;
  element.shadowRoot.addEventListener("click", (event) => {
    if (event.target.type === "file") event.preventDefault();
    opened += event.target.type === "file" ? 1 : 0;
  });
  before();
  await reach(() => part(element, "browse"));
  await key("Enter");
  await key("Space");
  await until(() => opened === 2, "the dialog, twice").catch((error) => {
    throw new Error(`${error.message}: ${opened}, the focus on ${called(focused())}`);
  });
  element.add([file(16 * MIB, "a.bin"), file(9, "b.bin")]);
  const state = (name) => fileOf(element, name)?.state;
  const action = (name, what) => () => {
    const found = element.shadowRoot.querySelector(`[data-id="${fileOf(element, name)?.id}"] [data-action="${what}"]`);
    return found?.checkVisibility() ? found : undefined;
  };
  const overall = (what) => () => buttons(element).find(({ dataset }) => dataset.action === what);
  await until(overall("start"), "the button");
  await reach(overall("start"));
  await key("Space");
  await until(() => state("a.bin") === "uploading", "it to be sent");
  const pause = await reach(action("a.bin", "pause"));
  await key("Enter");
  await until(() => state("a.bin") === "paused" && action("a.bin", "resume")(), "the pause");
  same(
    [focused() === action("a.bin", "resume")(), pause.isConnected],
    [true, true],
    "the focus stays where the next action is",
  );
  await key("Space");
  await until(() => state("a.bin") === "uploading", "it to go on");
  await reach(action("a.bin", "cancel"));
  await key("Enter");
  await until(() => state("a.bin") === undefined, "it to be cancelled");
  await done(element, 1);
  await until(action("b.bin", "remove"), "the button");
  await reach(action("b.bin", "remove"), "Tab");
  await key("Space");
  await until(() => element.files.length === 0, "the list to be empty");
  await until(() => focused() === part(element, "browse"), "the focus to be on the button");
  const bucket = await service.open();
  await until(async () => (await bucket.list()).length === 1, "one file in the bucket");
});

test("the bucket is used by keys alone", async () => {
  const service = await scenario();
  const bucket = await service.open();
  for (const name of ["a.bin", "b.bin"]) await bucket.upload(file(9, name)).done;
  const list = await put("partway-bucket", {}, { bucket });
  await until(() => rows(list).length === 2, "the files");
  before();
  const action = (what) => () => buttons(list).find(({ dataset }) => dataset.action === what);
  await reach(action("refresh"));
  await reach(action("delete"));
  await key("Enter");
  await until(action("confirm"), "the question");
  await until(() => ["confirm", "keep"].includes(focused()?.dataset?.action), "the focus to be on the answers", 3000);
  await reach(action("confirm"), "Shift+Tab", 3);
  await key("Enter");
  await until(() => list.entries.length === 1 && rows(list).length === 1, "its removal");
  await until(() => list.shadowRoot.contains(focused()), "the focus to stay in the list", 3000);
});

test("the focus goes to what takes the place of a file that is gone", async () => {
  const { element } = await uploader({ multiple: "", manual: "" });
  element.add(names("a", "b", "c"));
  (await button(element, "b", "cancel")).focus();
  element.cancel(fileOf(element, "b").id);
  const inRow = (name) => () =>
    element.shadowRoot.querySelector(`[data-id="${fileOf(element, name)?.id}"]`)?.contains(focused());
  await until(inRow("c"), "the focus to be on c");
  element.cancel(fileOf(element, "c").id);
  await until(inRow("a"), "the focus to be on a");
  element.cancel(fileOf(element, "a").id);
  await until(() => focused() === part(element, "browse"), "the focus to be on the button");
});

test("an upload is spoken of at its start, at quarters and at its end, never twice in five seconds", async () => {
  const { element } = await uploader({ multiple: "", parallel: 1 }, { rules: late(1000) });
  const said = spoken(part(element, "status"));
  same([part(element, "status").role || part(element, "status").getAttribute("role")], ["status"]);
  // Files of one part, one after the other: twelve seconds, more where the machine is busy.
  element.add(Array.from({ length: 12 }, (_, at) => file(50_000, `${at}.bin`)));
  await done(element, 12);
  await until(() => said.some(({ text }) => /12 files uploaded/.test(text)), "the last words");
  const texts = said.map(({ text }) => text);
  ok(/^Uploading 12 files/.test(texts[0]), texts.join(" | "));
  const quarters = texts.slice(1, -1).map((text) => Number(/^(25|50|75)\D*%/.exec(text)?.[1]));
  ok(quarters.length >= 1 && quarters.every((one, at) => one > (quarters[at - 1] ?? 0)), texts.join(" | "));
  for (let at = 1; at < said.length; at += 1) {
    ok(
      said[at].at - said[at - 1].at > 4900,
      `${said[at].at - said[at - 1].at} ms between ${texts[at - 1]} and ${texts[at]}`,
    );
  }
});

test("failures are said once, as alerts, and many together", async () => {
  const { element } = await uploader(
    { multiple: "", accept: ".txt" },
    { rules: [{ match: { method: "POST", path: "^/v1/buckets$" }, do: { status: 403 } }] },
  );
  const said = alerts(element).map(spoken);
  const all = () => said.flat().map(({ text }) => text);
  element.add([file(3, "a.txt")]);
  await until(() => all().length > 0, "the alert");
  await sleep(600);
  same(all().length, 1, all().join(" | "));
  ok(all()[0].includes("a.txt") && all()[0].includes(element.files[0].error.message), all()[0]);
  element.add(Array.from({ length: 30 }, (_, at) => file(3, `${at}.bin`)));
  await until(() => all().length > 1, "the alert");
  await sleep(600);
  same(all().length, 2, all().join(" | "));
  ok(all()[1].includes("27"), all()[1]);
});

test("a screen reader hears a whole upload", async () => {
  const { Virtual } = await import("/tools/@guidepup/virtual-screen-reader/lib/esm/index.browser.js");
  const { element } = await uploader({ multiple: "", parallel: 1 }, { rules: late(2500) });
  const reader = new Virtual();
  // It knows no shadow trees: what is inside is what it is given.
  await reader.start({ container: element.shadowRoot.firstElementChild });
  try {
    element.add(names("a.txt", "b.txt", "c.txt"));
    await done(element, 3);
    const heard = async () => (await reader.spokenPhraseLog()).filter((phrase) => /^(polite|assertive):/.test(phrase));
    await until(async () => (await heard()).some((phrase) => /files uploaded/.test(phrase)), "the last words");
    const phrases = await heard();
    ok(/^polite: Uploading 3 files/.test(phrases[0]), phrases.join(" | "));
    same(phrases.at(-1), "polite: 3 files uploaded.");
    ok(
      phrases.slice(1, -1).every((phrase) => /^polite: (25|50|75)\D*%/.test(phrase)),
      phrases.join(" | "),
    );
    // And then, from the top to the end, everything there is.
    await until(() => buttons(element).some(({ dataset }) => dataset.action === "clear"), "the list to be drawn");
    await reader.clearSpokenPhraseLog();
    await reader.jumpToFirst?.();
    for (let at = 0; at < 60 && !/^end of (document|.*root)/i.test(await reader.lastSpokenPhrase()); at += 1)
      await reader.next();
    const walk = (await reader.spokenPhraseLog()).join("\n");
    for (const words of [
      "button, Choose files",
      "list, Files",
      "a.txt",
      "Uploaded",
      /button, Remove from list: \W?a\.txt/,
      /button, Remove from list: \W?c\.txt/,
    ]) {
      ok(words instanceof RegExp ? words.test(walk) : walk.includes(words), `${words} is not in\n${walk}`);
    }
  } finally {
    await reader.stop();
  }
});

test("everything that is pressed is 24 pixels wide and high", async () => {
  const { element, service } = await uploader({ multiple: "", directory: "", manual: "", accept: ".bin" });
  element.add(names("a.bin", "b.bin", "no.txt"));
  element.pause(fileOf(element, "b.bin").id);
  await button(element, "b.bin", "resume");
  const bucket = await service.open();
  await bucket.upload(file(9, "c.bin")).done;
  const list = await put("partway-bucket", {}, { bucket });
  await until(() => rows(list).length === 1, "the file");
  const all = [...buttons(element), ...buttons(list)];
  ok(all.length >= 9, `${all.length} buttons`);
  for (const one of all) {
    const { width, height } = one.getBoundingClientRect();
    ok(width >= 24 && height >= 24, `${called(one)} is ${width} by ${height}`);
  }
});

test(
  "who prefers less motion sees none",
  async () => {
    const { element } = await uploader({ multiple: "", manual: "" });
    element.add(names("a.bin"));
    await button(element, "a.bin", "cancel");
    const moving = () =>
      [...element.shadowRoot.querySelectorAll("*")].filter((one) => {
        const { transitionDuration, animationName } = getComputedStyle(one);
        return animationName !== "none" || transitionDuration.split(",").some((time) => parseFloat(time) > 0);
      });
    ok(moving().length > 0, "something moves");
    await prefer({ "prefers-reduced-motion": "reduce" });
    const left = moving().map(({ localName }) => localName);
    await prefer({});
    same(left, []);
  },
  ["chromium"],
);

test(
  "forced colours leave borders around buttons and progress",
  async () => {
    const { element } = await uploader({ multiple: "", parallel: 1 }, { rules: late(3000) });
    element.add(names("a.bin", "b.bin"));
    await until(() => element.shadowRoot.querySelector("li progress")?.checkVisibility(), "the progress");
    await prefer({ "forced-colors": "active" });
    ok(matchMedia("(forced-colors: active)").matches, "forced colours");
    const bare = [...buttons(element), ...element.shadowRoot.querySelectorAll("progress")]
      .filter((one) => {
        const { borderTopStyle, borderTopWidth, borderTopColor } = getComputedStyle(one);
        return borderTopStyle === "none" || parseFloat(borderTopWidth) < 1 || /rgba\(.*, 0\)$/.test(borderTopColor);
      })
      .map((one) => one.outerHTML.slice(0, 90));
    await prefer({});
    same(bare, []);
  },
  ["chromium"],
);

test("from right to left everything stands on the other side", async () => {
  const { element } = await uploader({ multiple: "", manual: "" });
  element.add(names("a.bin"));
  const inRow = await row(element, "a.bin");
  const name = inRow.querySelector("[part~=name]");
  const cancel = await button(element, "a.bin", "cancel");
  const isRight = () => cancel.getBoundingClientRect().left > name.getBoundingClientRect().right;
  ok(isRight(), "the buttons are right of the name");
  document.documentElement.dir = "rtl";
  await until(
    () => !isRight() && cancel.getBoundingClientRect().right < name.getBoundingClientRect().left,
    "the buttons to be left of it",
  );
});

/** What the uploader is put into before axe looks at it. */
const STATES = {
  empty: () => uploader({ multiple: "", directory: "" }),
  dragover: async () => {
    const made = await uploader({ multiple: "" });
    part(made.element, "zone").dispatchEvent(dragEvent("dragover", [file(3)]));
    await until(() => made.element.matches(":state(dragover)"), "the drag");
    return made;
  },
  busy: async () => {
    const made = await uploader({ multiple: "", parallel: 1 }, { rules: late(60_000) });
    made.element.add(names("a.bin", "b.bin"));
    await until(() => made.element.files.some(({ state }) => state === "uploading"), "it to be sent");
    return made;
  },
  paused: async () => {
    const made = await uploader({ multiple: "", parallel: 1 }, { rules: late(60_000) });
    made.element.add(names("a.bin", "b.bin"));
    made.element.pause();
    await until(() => made.element.matches(":state(paused)"), "the pause");
    return made;
  },
  error: async () => {
    const rules = [{ match: { method: "POST", path: "^/v1/buckets$" }, do: { status: 500 } }];
    const made = await uploader({ multiple: "" }, { rules, open: { retry: false } });
    made.element.add(names("a.bin"));
    await until(() => made.element.matches(":state(error)"), "the failure");
    return made;
  },
  rejected: async () => {
    const made = await uploader({ multiple: "", accept: ".txt" });
    made.element.add(names("a.bin"));
    await until(() => made.element.matches(":state(error)"), "the rejection");
    return made;
  },
  complete: async () => {
    const made = await uploader({ multiple: "" });
    made.element.add(names("a.bin", "b.bin"));
    await until(() => made.element.matches(":state(complete)"), "the end");
    return made;
  },
  disabled: async () => {
    const made = await uploader({ multiple: "" });
    made.element.add(names("a.bin"));
    await done(made.element, 1);
    made.element.disabled = true;
    return made;
  },
  long: async () => {
    const made = await uploader({ multiple: "", manual: "" });
    made.element.add(Array.from({ length: 300 }, (_, at) => file(3, `${at}.bin`)));
    return made;
  },
};

for (const [state, make] of Object.entries(STATES)) {
  test(
    `axe finds nothing: ${state}, light, dark, from the right`,
    async () => {
      const { element } = await make();
      const root = document.documentElement;
      for (const [looks, scheme, direction] of [
        ["light", "light", "ltr"],
        ["dark, rtl", "dark", "rtl"],
      ]) {
        root.style.colorScheme = scheme;
        root.dir = direction;
        await settled(element);
        if (state === "dragover") part(element, "zone").dispatchEvent(dragEvent("dragover", [file(3)]));
        await settled(element);
        await clean(element, `${state}, ${looks}`);
      }
    },
    AXE,
  );
}

test(
  "axe finds nothing: unfinished uploads",
  async () => {
    const service = await scenario(late(700));
    const { endpoint, token, sessionId } = service;
    const visit = await frame("frame.html");
    const first = await put(
      "partway-uploader",
      { "part-size": 5 * MIB, parallel: 1 },
      { getSession: () => ({ endpoint, token, sessionId }) },
      visit.contentDocument.body,
    );
    first.add([new visit.contentWindow.File([bytes(15 * MIB, 5)], "left.bin")]);
    await until(() => first.upload(first.files[0]?.id)?.progress.partsDone >= 1, "a part");
    visit.remove();
    const element = await put("partway-uploader", {}, { getSession: () => ({ endpoint, token, sessionId }) });
    await element.store.connect();
    await until(() => part(element, "unfinished").checkVisibility(), "what was left");
    await speaks(element);
    await clean(element, "unfinished");
  },
  AXE,
);

test(
  "axe finds nothing: the bucket, empty, full, asked to delete, dark",
  async () => {
    const service = await scenario();
    const bucket = await service.open();
    const list = await put("partway-bucket", {}, { bucket });
    await list.refresh();
    await clean(list, "empty");
    for (const name of ["a.bin", "b.bin"]) await bucket.upload(file(9, name)).done;
    await list.refresh();
    await until(() => rows(list).length === 2, "the files");
    await clean(list, "full");
    list.shadowRoot.querySelector("[data-action=delete]").click();
    await until(() => list.shadowRoot.querySelector("[data-action=confirm]")?.checkVisibility(), "the question");
    await clean(list, "asked");
    document.documentElement.style.colorScheme = "dark";
    await settled(list);
    await clean(list, "dark");
  },
  AXE,
);
