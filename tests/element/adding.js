// How files come in: dropped, picked, pasted, added by the page; and which are not taken.

import { ok, same, sleep, until } from "/contract/test.js";
import { file } from "/contract/service.js";
import { devtools } from "./driver.js";
import { fileEntry, folderEntry } from "./entries.js";
import { click, drop, dropEntries, dropFromDisk, dragEvent, makeFiles, middle, paste, pick } from "./input.js";
import { done, heard, part, put, stage, test, types, uploader } from "./stage.js";

const names = (element) => element.files.map(({ name }) => name);
const text = (name, content = name) =>
  new File([content], name, { type: "text/plain", lastModified: 1_600_000_000_000 });
const isOver = (element) => element.matches(":state(dragover)");
const picker = (element) => element.shadowRoot.querySelector("input[type=file]:not([webkitdirectory])");
const MANUAL = { manual: "", multiple: "" };

/** The paths of what is dropped, one after the other, as the browser tells them. */
async function walk(entry) {
  if (entry.isFile) return [entry.fullPath.slice(1)];
  const [reader, paths] = [entry.createReader(), []];
  for (;;) {
    const children = await new Promise((told, failed) => reader.readEntries(told, failed));
    if (children.length === 0) return paths;
    for (const child of children) paths.push(...(await walk(child)));
  }
}

test(
  "5,000 files in nested folders are dropped: none is lost, their order is kept",
  async () => {
    const paths = [];
    for (let at = 0; at < 4500; at += 1) paths.push(`top/${at % 7}/${at % 5}/${at}.txt`);
    for (let at = 0; at < 500; at += 1) paths.push(`flat/${at}.txt`);
    const folder = await makeFiles(paths.map((path) => [path, 3]));
    const element = await put("partway-uploader", MANUAL);
    let expected;
    element.addEventListener(
      "drop",
      ({ dataTransfer }) => {
        const entries = [...dataTransfer.items].map((item) => item.webkitGetAsEntry());
        expected = Promise.all(entries.map(walk));
      },
      { capture: true },
    );
    await dropFromDisk(part(element, "zone"), [`${folder}/top`, `${folder}/flat`]);
    await until(() => element.files.length > 0, "the files", 60_000);
    same(element.files.length, 5000);
    same(names(element), (await expected).flat());
    same([...names(element)].sort(), paths.sort());
  },
  ["chromium"],
);

test(
  "the path below a dropped folder is the sealed name",
  async () => {
    const folder = await makeFiles([
      ["t/a.txt", 3],
      ["t/b/c.txt", 4],
      ["t/b/d/é.txt", 5],
      ["t/b/.DS_Store", 6],
    ]);
    const { element, service } = await uploader({ multiple: "" });
    await dropFromDisk(part(element, "zone"), [`${folder}/t`]);
    await done(element, 3);
    const listed = (await (await service.open()).list()).map(({ name, size }) => [name, size]);
    same(listed.sort(), [
      ["t/a.txt", 3],
      ["t/b/c.txt", 4],
      ["t/b/d/é.txt", 5],
    ]);
  },
  ["chromium"],
);

test("folders are walked to their end, in their order, litter left out", async () => {
  const element = await put("partway-uploader", MANUAL);
  const inside = [1, 2, 3, 4, 5].map((at) => fileEntry(`t/${at}.txt`, text(`${at}.txt`)));
  const litter = [".DS_Store", "Thumbs.db", "desktop.ini", "._a"].map((name) => fileEntry(`t/${name}`, text(name)));
  const deep = folderEntry("t/u", [fileEntry("t/u/x.txt", text("x.txt"))]);
  dropEntries(part(element, "zone"), [
    folderEntry("t", [...inside, deep, ...litter]),
    fileEntry("last.txt", text("last.txt")),
  ]);
  await until(() => element.files.length > 0, "the files");
  same(names(element), ["t/1.txt", "t/2.txt", "t/3.txt", "t/4.txt", "t/5.txt", "t/u/x.txt", "last.txt"]);
});

test("what cannot be read is told, and the others are taken", async () => {
  const element = await put("partway-uploader", MANUAL);
  const events = heard(element);
  const good = [1, 2].map((at) => fileEntry(`t/${at}.txt`, text(`${at}.txt`)));
  dropEntries(part(element, "zone"), [
    folderEntry("t", [good[0], fileEntry("t/gone.txt"), folderEntry("t/locked"), good[1]]),
    folderEntry("forbidden"),
    fileEntry("last.txt", text("last.txt")),
  ]);
  await until(() => events.filter(({ type }) => type === "reject").length === 3, "three rejections");
  same(names(element), ["t/1.txt", "t/2.txt", "last.txt"]);
  const told = events.filter(({ type }) => type === "reject").map(({ detail }) => detail);
  same(told.map(({ file, name, code }) => [file, name, code]).sort(), [
    [null, "forbidden", "unreadable"],
    [null, "t/gone.txt", "unreadable"],
    [null, "t/locked", "unreadable"],
  ]);
  ok(
    told.every(({ message }) => message.length > 0 && !message.startsWith("error.")),
    JSON.stringify(told),
  );
});

test("a folder where one file is wanted is told, not taken", async () => {
  const element = await put("partway-uploader", { manual: "" });
  const events = heard(element);
  dropEntries(part(element, "zone"), [folderEntry("t", [fileEntry("t/a.txt", text("a.txt"))])]);
  await until(() => events.length > 0, "an event");
  same(
    events.map(({ type, detail: { name, code } }) => [type, name, code]),
    [["reject", "t", "not-a-file"]],
  );
  same(element.files.length, 0);
});

test(
  "a dropped file comes with its handle",
  async () => {
    const folder = await makeFiles([["a.txt", 3]]);
    const { element, service } = await uploader({ multiple: "" });
    const [bucket, handles] = [await service.open(), []];
    element.bucket = {
      upload: (file, options) => {
        handles.push(options.handle);
        return bucket.upload(file, options);
      },
      unfinished: () => bucket.unfinished(),
    };
    await dropFromDisk(part(element, "zone"), [`${folder}/a.txt`]);
    await done(element, 1);
    same(
      handles.map((handle) => [handle?.kind, handle?.name]),
      [["file", "a.txt"]],
    );
  },
  ["chromium"],
);

test("a drag shows where to drop; one without files is none of its business", async () => {
  const element = await put("partway-uploader", MANUAL);
  const zone = part(element, "zone");
  for (const name of ["dragenter", "dragover", "drop"]) {
    const event = dragEvent(name, [], "a text");
    zone.dispatchEvent(event);
    same([event.defaultPrevented, isOver(element)], [false, false], name);
  }
  for (const name of ["dragenter", "dragover"]) {
    const event = dragEvent(name, [text("a.txt")]);
    zone.dispatchEvent(event);
    same([event.defaultPrevented, isOver(element)], [true, true], name);
  }
  zone.dispatchEvent(dragEvent("dragleave", [text("a.txt")]));
  await until(() => !isOver(element), "the drag to be gone");
  drop(zone, [text("a.txt"), text("b.txt")]);
  await until(() => element.files.length === 2, "the files");
  same([names(element), isOver(element)], [["a.txt", "b.txt"], false]);
});

test(
  "a text dragged over it by the system is left alone",
  async () => {
    const element = await put("partway-uploader", MANUAL);
    const seen = [];
    element.addEventListener("dragover", ({ defaultPrevented }) => seen.push(defaultPrevented));
    const data = { items: [{ mimeType: "text/plain", data: "a text" }], dragOperationsMask: 1 };
    for (const step of ["dragEnter", "dragOver"]) {
      await devtools("Input.dispatchDragEvent", { type: step, data, ...middle(part(element, "zone")) });
    }
    await until(() => seen.length > 0, "the drag");
    same([seen[0], isOver(element)], [false, false]);
    await devtools("Input.dispatchDragEvent", { type: "dragCancel", data, x: 0, y: 0 });
  },
  ["chromium"],
);

test("files are taken where `drop` says", async () => {
  const element = await put("partway-uploader", { ...MANUAL, drop: "none" });
  drop(part(element, "zone"), [text("none.txt")]);
  element.drop = "document";
  drop(document.body, [text("document.txt")]);
  await until(() => element.files.length > 0, "the file");
  element.drop = "self";
  drop(document.body, [text("beside.txt")]);
  drop(part(element, "zone"), [text("self.txt")]);
  await until(() => element.files.length > 1, "the other");
  same(names(element), ["document.txt", "self.txt"]);
});

test("files are pasted where `paste` says, and text goes where it was to go", async () => {
  const element = await put("partway-uploader", MANUAL);
  const zone = part(element, "zone");
  ok(paste(zone, [text("none.txt")]), "the browser goes on where nothing is pasted");
  element.paste = "self";
  ok(paste(zone, [], "a text"), "a text is not taken");
  ok(!paste(zone, [text("self.txt")]), "files are taken");
  await until(() => element.files.length === 1, "the file");
  element.paste = "document";
  ok(!paste(document.body, [text("document.txt")]), "files are taken from the document");
  await until(() => element.files.length === 2, "the other");
  same(names(element), ["self.txt", "document.txt"]);
});

test("the button opens the file dialog, and so does the page", async () => {
  const element = await put("partway-uploader", MANUAL);
  let opened = 0;
  picker(element).addEventListener("click", (event) => {
    event.preventDefault();
    opened += 1;
  });
  await click(part(element, "browse"));
  await until(() => opened === 1, "the dialog");
  element.openPicker();
  same(opened, 2);
  element.disabled = true;
  element.openPicker();
  same(opened, 2);
});

test("files are picked, and the same again", async () => {
  const folder = await makeFiles([
    ["a.txt", 3],
    ["b/c.txt", 5],
  ]);
  const element = await put("partway-uploader", MANUAL);
  const events = heard(element);
  for (const count of [2, 4]) {
    await pick(picker(element), [`${folder}/a.txt`, `${folder}/b/c.txt`]);
    await until(() => element.files.length === count, `${count} files`);
  }
  same(names(element), ["a.txt", "c.txt", "a.txt", "c.txt"]);
  const told = events.filter(({ type }) => type === "add").map(({ detail }) => detail.files.map(({ name }) => name));
  same(told, [
    ["a.txt", "c.txt"],
    ["a.txt", "c.txt"],
  ]);
});

test(
  "a folder is picked with the paths of its files",
  async () => {
    const folder = await makeFiles([
      ["t/a.txt", 3],
      ["t/b/c.txt", 5],
      ["t/.DS_Store", 2],
    ]);
    const element = await put("partway-uploader", { ...MANUAL, directory: "" });
    ok(part(element, "browse-folder").checkVisibility(), "the button for folders");
    await pick(element.shadowRoot.querySelector("input[webkitdirectory]"), [`${folder}/t`]);
    await until(() => element.files.length > 0, "the files");
    same(names(element).sort(), ["t/a.txt", "t/b/c.txt"]);
  },
  ["chromium"],
);

test("the page adds files, and gets them back as they are", async () => {
  const element = await put("partway-uploader", MANUAL);
  const [one, other, blob] = [text("one.txt"), text("other.txt"), new Blob(["blob"])];
  const taken = element.add([one, { file: other, name: "renamed.txt" }, { file: blob, name: "blob.bin" }]);
  same(
    taken.map(({ name, size, state, sent, error }) => [name, size, state, sent, error]),
    [
      ["one.txt", 7, "queued", 0, null],
      ["renamed.txt", 9, "queued", 0, null],
      ["blob.bin", 4, "queued", 0, null],
    ],
  );
  ok(
    [one, other, blob].every((given, at) => element.files[at].file === given),
    "the very objects are kept",
  );
  same(element.files[0].file.lastModified, 1_600_000_000_000);
  same(element.totals, { files: 3, done: 0, failed: 0, sent: 0, total: 20, speed: 0, timeLeft: null });
});

test("`partway-add` can be refused", async () => {
  const element = await put("partway-uploader", MANUAL);
  element.addEventListener("partway-add", (event) => event.preventDefault(), { once: true });
  same([element.add([text("a.txt")]).length, element.files.length], [0, 0]);
  same(element.add([text("a.txt")]).length, 1);
});

test("files that are not wanted are listed with the reason, and told", async () => {
  const element = await put("partway-uploader", { ...MANUAL, accept: ".txt,image/*", "max-size": 10, "max-files": 2 });
  element.validate = (_, name) => (name.includes("no") ? "No, says the page." : null);
  const events = heard(element);
  const image = new File(["x"], "picture", { type: "image/png" });
  const taken = element.add([
    text("a.txt", "x"),
    text("b.pdf", "x"),
    text("c.txt", "x".repeat(11)),
    text("no.txt", "x"),
    image,
    text("d.txt", "x"),
  ]);
  same(
    taken.map(({ name }) => name),
    ["a.txt", "picture"],
  );
  const told = events.filter(({ type }) => type === "reject").map(({ detail }) => detail);
  same(
    told.map(({ name, code }) => [name, code]),
    [
      ["b.pdf", "not-accepted"],
      ["c.txt", "too-large"],
      ["no.txt", "not-accepted"],
      ["d.txt", "too-many-files"],
    ],
  );
  same(told[2].message, "No, says the page.");
  ok(
    told.every(({ file }) => file instanceof File),
    "each is told with its file",
  );
  same(types(events), ["add", "reject"]);
  const rejected = element.files.filter(({ state }) => state === "rejected");
  same(
    rejected.map(({ name, error }) => [name, error.code, error.message, error.retryable]),
    told.map(({ name, code, message }) => [name, code, message, false]),
  );
  same(element.totals.files, 2, "what was rejected does not count");
  ok(
    element.matches(":state(error)") ||
      (await until(() => element.matches(":state(error)"), "the state error")) === undefined,
  );
});

test("an empty name is refused, and what is no file is the page's mistake", async () => {
  const element = await put("partway-uploader", MANUAL);
  same(element.add([new Blob(["x"])]).length, 0);
  same(
    element.files.map(({ state, error }) => [state, error.code]),
    [["rejected", "invalid-file"]],
  );
  let error;
  try {
    element.add([{}]);
  } catch (thrown) {
    error = thrown;
  }
  ok(error instanceof TypeError, `${error}`);
});

test("an input of the page is adopted, with what is chosen in it", async () => {
  const folder = await makeFiles([
    ["before.txt", 3],
    ["after.txt", 4],
  ]);
  const input = Object.assign(document.createElement("input"), {
    type: "file",
    name: "files",
    multiple: true,
    accept: ".txt",
  });
  const form = document.createElement("form");
  stage.append(form);
  form.append(input);
  await pick(input, [`${folder}/before.txt`]);
  same([input.files.length, [...new FormData(form).keys()]], [1, ["files"]]);
  const element = document.createElement("partway-uploader");
  element.setAttribute("manual", "");
  element.append(input);
  form.append(element);
  await until(() => element.files.length === 1, "what was chosen");
  same([element.multiple, element.accept, element.name], [true, ".txt", "files"]);
  same([...new FormData(form).keys()], [], "its files are uploaded, not submitted");
  await pick(input, [`${folder}/after.txt`]);
  await until(() => element.files.length === 2, "what is chosen now");
  same(names(element), ["before.txt", "after.txt"]);
});

test("without `multiple` a new file takes the place of a settled one, and of no other", async () => {
  const { element } = await uploader();
  same(element.add([text("a.txt"), text("b.txt")]).length, 1);
  same(
    element.files.map(({ state }) => state),
    ["queued", "rejected"],
  );
  await done(element, 1);
  element.add([text("c.txt")]);
  same(names(element), ["c.txt"]);
  await done(element, 1);
});

test("a disabled uploader takes nothing", async () => {
  const element = await put("partway-uploader", { ...MANUAL, disabled: "" });
  same(element.add([text("a.txt")]).length, 0);
  drop(part(element, "zone"), [text("b.txt")]);
  await sleep(100);
  same(element.files.length, 0);
  ok(part(element, "browse").disabled, "the button");
  element.disabled = false;
  same(element.add([file(3)]).length, 1);
});

test("files, and an input, of another frame are what they are", async () => {
  const frame = document.createElement("iframe");
  stage.append(frame);
  const { File: Foreign, DataTransfer: Transfer, document: other } = frame.contentWindow;
  const { element } = await uploader({ multiple: "" });
  const input = Object.assign(other.createElement("input"), { type: "file", accept: ".txt" });
  const transfer = new Transfer();
  transfer.items.add(new Foreign(["b"], "b.txt"));
  input.files = transfer.files;
  ok(!(input instanceof HTMLInputElement) && !(input.files[0] instanceof File), "they are of this frame");
  element.add([new Foreign(["a"], "a.txt")]);
  element.append(input);
  await done(element, 2);
  same([names(element).sort(), element.accept], [["a.txt", "b.txt"], ".txt"]);
  for (const fake of [{ size: 1, slice() {}, arrayBuffer() {} }, Object.create(File.prototype), "a.txt", null]) {
    let error;
    try {
      element.add([fake]);
    } catch (thrown) {
      error = thrown;
    }
    ok(error?.message.includes("must be a File or a Blob"), String(error));
  }
});
