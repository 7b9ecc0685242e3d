// Uploads in the element: states, events, and what a person and a page can do with them.

import { ok, same, sleep, until } from "/contract/test.js";
import { MIB, bytes, calls, file, scenario, sha256 } from "/contract/service.js";
import { devtools } from "./driver.js";
import { click } from "./input.js";
import { button, buttons, done, fileOf, frame, heard, part, put, rows, stage, test, types, uploader } from "./stage.js";

const PART = 5 * MIB;
const slowParts = (delayMs) => [{ match: { method: "PUT" }, do: { delayMs } }];
const failing = (how, nth) => ({ match: { method: "POST", path: "^/v1/buckets$", ...(nth && { nth }) }, do: how });
const state = (element, name) => fileOf(element, name)?.state;
const puts = async (service) => calls(await service.log()).filter((call) => call.startsWith("PUT")).length;

test("an upload goes through its states, and every event tells it", async () => {
  const { element, service } = await uploader({ multiple: "" }, { rules: slowParts(300) });
  const [events, sent] = [heard(element), file(PART + 9, "a.bin")];
  const seen = [];
  element.store.addEventListener("change", () => seen.push(state(element, "a.bin")));
  element.add([sent]);
  ok(element.matches(":state(busy)") || (await until(() => element.matches(":state(busy)"), "busy")) === undefined);
  await until(() => events.some(({ type }) => type === "complete"), "the end");
  same(types(events.filter(({ type }) => type !== "progress")), ["add", "start", "done", "complete"]);
  const detail = (type) => events.find((event) => event.type === type).detail;
  same(
    detail("add").files.map(({ file, name }) => [file === sent, name]),
    [[true, "a.bin"]],
  );
  same([detail("start").name, ["starting", "uploading"].includes(detail("start").state)], ["a.bin", true]);
  const { entry, ...snapshot } = detail("done");
  same(snapshot, { ...element.files[0] });
  same(
    [snapshot.state, snapshot.sent, snapshot.key, entry.name, entry.size],
    ["done", PART + 9, entry.key, "a.bin", PART + 9],
  );
  same(detail("complete"), { files: 1, done: 1, failed: 0, sent: PART + 9, total: PART + 9, speed: 0, timeLeft: null });
  const order = ["queued", "starting", "uploading", "completing", "done"];
  const told = seen.filter((one, at) => one !== seen[at - 1]);
  same(
    told,
    order.filter((one) => told.includes(one)),
    "states come in their order",
  );
  ok(told.includes("uploading") && told.at(-1) === "done", told.join());
  const progress = events.filter(({ type }) => type === "progress").map(({ detail }) => detail.sent);
  same(
    progress,
    [...progress].sort((a, b) => a - b),
    "what is sent never goes back",
  );
  await until(() => element.matches(":state(complete)") && !element.matches(":state(busy)"), "the state complete");
  const bucket = await service.open();
  same(await sha256(await bucket.download(entry.key)), await sha256(sent));
});

test("events bubble out of everything around the element", async () => {
  const host = document.createElement("div");
  stage.append(host);
  const inside = document.createElement("div");
  host.attachShadow({ mode: "open" }).append(inside);
  const { element } = await uploader({}, {}, inside);
  const told = [];
  for (const type of ["partway-add", "partway-start", "partway-progress", "partway-done", "partway-complete"]) {
    stage.addEventListener(type, (event) => told.push([event.type, event.bubbles, event.composed]), { once: true });
  }
  element.add([file(3)]);
  await until(() => told.some(([type]) => type === "partway-complete"), "the end");
  ok(
    told.every(([, bubbles, composed]) => bubbles && composed),
    JSON.stringify(told),
  );
  ok(
    ["add", "start", "done"].every((type) => told.some(([one]) => one === `partway-${type}`)),
    JSON.stringify(told),
  );
});

test("snapshots are frozen, and new where something changed, and only there", async () => {
  const { element } = await uploader({ multiple: "", manual: "" });
  element.add([file(3, "a"), file(4, "b")]);
  const [before, [a, b]] = [element.files, element.files];
  ok([before, a, b, element.totals].every(Object.isFrozen), "all are frozen");
  ok(element.files === before, "the same list while nothing changes");
  element.cancel(a.id);
  ok(element.files !== before && before.length === 2, "a new list, the old one as it was");
  ok(element.files[0] === b, "the same snapshot of what did not change");
  element.start();
  await done(element, 1);
  const [ended] = element.files;
  ok(ended !== b && ended.id === b.id && b.state === "queued", "a new snapshot, the old one as it was");
});

test("progress is told at most ten times a second", async () => {
  const { element } = await uploader(
    { multiple: "", parallel: 2 },
    { rules: [{ match: { method: "PUT" }, do: { delayMs: 60 } }] },
  );
  const events = heard(element);
  element.add(Array.from({ length: 60 }, (_, at) => file(1000 + at, `${at}`)));
  await done(element, 60);
  const times = events.filter(({ type }) => type === "progress").map(({ at }) => at);
  ok(times.length > 5, `${times.length} reports`);
  for (let at = 10; at < times.length; at += 1) {
    ok(times[at] - times[at - 10] > 980, `11 reports in ${times[at] - times[at - 10]} ms`);
  }
});

test("a person pauses, resumes and cancels", async () => {
  const { element, service } = await uploader({ "part-size": PART, parallel: 1 }, { rules: slowParts(700) });
  const events = heard(element);
  element.add([file(4 * PART, "a.bin")]);
  await until(() => state(element, "a.bin") === "uploading", "it to be sent");
  await click(await button(element, "a.bin", "pause"));
  await until(() => state(element, "a.bin") === "paused" && element.matches(":state(paused)"), "the pause");
  await sleep(1000);
  const before = await puts(service);
  await sleep(1500);
  same([state(element, "a.bin"), await puts(service)], ["paused", before]);
  await click(await button(element, "a.bin", "resume"));
  await until(() => state(element, "a.bin") === "uploading", "it to go on");
  await click(await button(element, "a.bin", "cancel"));
  await until(() => element.files.length === 0, "the list to be empty");
  const bucket = await service.open();
  await until(async () => (await bucket.list()).length === 0, "the bucket to be empty");
  ok(!events.some(({ type }) => type === "error" || type === "done"), types(events).join());
});

test("a page pauses and resumes one, and all", async () => {
  const { element } = await uploader({ multiple: "", parallel: 1 }, { rules: slowParts(500) });
  element.add(["a", "b", "c"].map((name) => file(9, name)));
  element.pause();
  same(
    element.files.map(({ state }) => state),
    ["paused", "paused", "paused"],
  );
  element.resume(fileOf(element, "b").id);
  await done(element, 1);
  same([state(element, "a"), state(element, "b"), state(element, "c")], ["paused", "done", "paused"]);
  element.resume();
  await done(element, 3);
});

test("cancelling all leaves what is stored in the list", async () => {
  const { element } = await uploader({ multiple: "" }, { rules: slowParts(0) });
  element.add([file(3, "stored.bin")]);
  await until(() => state(element, "stored.bin") === "done", "the first file");
  element.manual = true;
  element.add([file(4, "waiting.bin")]);
  await element.cancel();
  same(
    element.files.map(({ name, state }) => [name, state]),
    [["stored.bin", "done"]],
  );
  await element.cancel(element.files[0].id);
  same(element.files, []);
});

test("what waits for `start()` waits on after a pause", async () => {
  const { element, service } = await uploader({ manual: "" });
  const events = heard(element);
  const [{ id }] = element.add([file(3, "a.bin")]);
  element.pause(id);
  same(state(element, "a.bin"), "paused");
  element.resume(id);
  await sleep(500);
  same([state(element, "a.bin"), await service.log(), types(events)], ["queued", [], ["add"]]);
  element.start();
  await until(() => state(element, "a.bin") === "done", "the file");
});

test("buttons for all pause, resume and clear the list", async () => {
  const { element } = await uploader({ multiple: "", parallel: 1 }, { rules: slowParts(500) });
  const overall = (action) => buttons(element).find(({ dataset }) => dataset.action === action);
  element.add(["a", "b", "c"].map((name) => file(9, name)));
  for (const [action, what, states] of [
    ["pauseAll", "the pause", "paused"],
    ["resumeAll", "it to go on", null],
  ]) {
    await until(() => overall(action), action);
    await click(overall(action));
    await until(
      () => element.files.every(({ state }) => (states === null ? state !== "paused" : state === states)),
      what,
    );
  }
  await done(element, 3);
  await until(() => overall("clear"), "clear");
  await click(overall("clear"));
  await until(() => element.files.length === 0 && rows(element).length === 0, "the list to be empty");
});

test("a failed file is told, and tried again", async () => {
  const { element } = await uploader(
    { multiple: "" },
    { rules: [failing({ status: 500 }, [1])], open: { retry: false } },
  );
  const events = heard(element);
  element.add([file(9, "a.bin")]);
  await until(() => state(element, "a.bin") === "failed", "the failure");
  same(
    types(events).filter((type) => type !== "progress"),
    ["add", "start", "error", "complete"],
  );
  const { detail } = events.find(({ type }) => type === "error");
  same([detail.name, detail.state, detail.error.code, detail.error.retryable], ["a.bin", "failed", "server", true]);
  same(element.totals.failed, 1);
  await until(() => element.matches(":state(error)") && !element.matches(":state(complete)"), "the state error");
  await click(await button(element, "a.bin", "retry"));
  await done(element, 1);
  same([element.totals.failed, fileOf(element, "a.bin").error], [0, null]);
  await click(await button(element, "a.bin", "remove"));
  await until(() => element.files.length === 0, "its removal");
});

test("a refused file says so, and cannot be tried again", async () => {
  const { element } = await uploader({ multiple: "" }, { sessionRules: { maxFiles: 1 } });
  element.add([file(9, "a.bin")]);
  await done(element, 1);
  element.add([file(9, "b.bin")]);
  await until(() => state(element, "b.bin") === "failed", "the failure");
  const { error } = fileOf(element, "b.bin");
  same([error.code, error.retryable], ["too-many-files", false]);
  await button(element, "b.bin", "remove");
  const actions = buttons(element).filter(({ dataset }) => dataset.action === "retry");
  same(actions.length, 0);
});

/** An uploader whose first session refuses everything. */
async function expired(properties = {}) {
  const { element, session: first } = await uploader(
    { multiple: "" },
    { rules: [{ do: { status: 401 } }], ...properties },
  );
  const { endpoint, token, sessionId } = await scenario();
  return { element, first, second: { endpoint, token, sessionId }, events: heard(element) };
}

test("a session that is over is replaced by what the page answers", async () => {
  const { element, second, events } = await expired();
  element.addEventListener("partway-session-expired", ({ detail }) => detail.respondWith(Promise.resolve(second)), {
    once: true,
  });
  element.add([file(9, "a"), file(8, "b")]);
  await done(element, 2);
  same(events.filter(({ type }) => type === "session-expired").length, 1, "it is asked once for all");
  ok(!events.some(({ type }) => type === "error"), types(events).join());
});

test("a session that is over is replaced by the next of `getSession`", async () => {
  const { element, first, second, events } = await expired();
  let asked = 0;
  element.getSession = () => ((asked += 1) === 1 ? first : second);
  element.add([file(9, "a")]);
  await done(element, 1);
  ok(asked >= 2, `asked ${asked} times`);
  same(events.filter(({ type }) => type === "session-expired").length, 1);
});

test("where the page forbids it nothing is asked, and the file has failed", async () => {
  const { element, events } = await expired();
  let [asked, getSession] = [0, element.getSession];
  element.getSession = () => {
    asked += 1;
    return getSession();
  };
  let before;
  element.addEventListener("partway-session-expired", (event) => {
    event.preventDefault();
    before = asked;
  });
  element.add([file(9, "a")]);
  await until(() => state(element, "a") === "failed", "the failure");
  same([asked, fileOf(element, "a").error.code], [before, "unauthorized"]);
  same(
    types(events)
      .filter((type) => type !== "progress")
      .slice(-3),
    ["session-expired", "error", "complete"],
  );
});

test("a page without a session says so, and a later one works", async () => {
  const element = await put("partway-uploader", { multiple: "" });
  element.add([file(9, "a")]);
  await until(() => state(element, "a") === "failed", "the failure");
  same(fileOf(element, "a").error.code, "invalid-option");
  const { endpoint, token, sessionId } = await scenario();
  element.getSession = async () => ({ endpoint, token, sessionId });
  element.retry(fileOf(element, "a").id);
  await done(element, 1);
});

test("what a reload left is offered, continued, and given up", async () => {
  const service = await scenario(slowParts(700));
  const { endpoint, token, sessionId } = service;
  const visit = await frame("frame.html");
  const put = async () => {
    const element = visit.contentDocument.createElement("partway-uploader");
    element.setAttribute("part-size", PART);
    element.setAttribute("parallel", 1);
    element.getSession = () => ({ endpoint, token, sessionId });
    visit.contentDocument.body.append(element);
    return element;
  };
  const again = async () => {
    const loaded = new Promise((resolve) => visit.addEventListener("load", resolve, { once: true }));
    visit.contentWindow.location.reload();
    await loaded;
    await until(() => visit.contentWindow.ready, "the page");
    const element = await put();
    await element.store.connect();
    await until(() => element.shadowRoot.querySelector("[data-action=forget]"), "what was left");
    // Until a page is painted for the first time, Chromium lets clicks fall.
    await new Promise((resolve) => visit.contentWindow.requestAnimationFrame(() => setTimeout(resolve, 100)));
    return element;
  };
  const pick = () => new visit.contentWindow.File([bytes(3 * PART, 5)], "left.bin", { lastModified: 1 });
  const first = await put();
  first.add([pick()]);
  await until(() => first.upload(first.files[0]?.id)?.progress.partsDone >= 1, "a part");
  const second = await again();
  ok(
    part(second, "unfinished").checkVisibility() && part(second, "unfinished").textContent.includes("left.bin"),
    "its name",
  );
  const [{ id }] = second.add([pick()]);
  await until(() => second.upload(id)?.progress.partsDone >= 2, "another part");
  ok(second.upload(id).progress.resumedFrom >= PART, `it went on from ${second.upload(id).progress.resumedFrom}`);
  const third = await again();
  let opened = 0;
  third.shadowRoot.addEventListener("click", (event) => {
    if (event.target.type !== "file") return;
    event.preventDefault();
    opened += 1;
  });
  await click(third.shadowRoot.querySelector("[data-action=reopen]"));
  await until(() => opened === 1, "the dialog: no handle was kept");
  await until(() => /same file again/.test(third.shadowRoot.querySelector(".notice").textContent), "what to do");
  const press = (action) => click(third.shadowRoot.querySelector(`[part~=unfinished] [data-action=${action}]`));
  await press("forget");
  same(third.shadowRoot.activeElement.dataset.action, "keep", "pressing twice gives nothing up");
  await press("keep");
  await press("forget");
  await press("confirm");
  await until(() => !part(third, "unfinished").checkVisibility(), "it to be forgotten");
  const bucket = await service.open();
  await until(async () => (await bucket.list()).length === 0, "the bucket to be empty");
});

test(
  "without a network it says so, and goes on when it is back",
  async () => {
    const { element } = await uploader({ multiple: "", parallel: 1 }, { rules: slowParts(500) });
    const line = (offline) =>
      devtools("Network.emulateNetworkConditions", {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
    element.add(["a", "b", "c"].map((name) => file(9, name)));
    await done(element, 1);
    try {
      await line(true);
      await until(() => element.matches(":state(offline)"), "the state offline");
      await until(() => /network/i.test(part(element, "overall").textContent), "the words");
      await sleep(1500);
      same(element.matches(":state(complete)"), false);
    } finally {
      await line(false);
    }
    await until(() => !element.matches(":state(offline)"), "the network");
    await done(element, 3);
  },
  ["chromium"],
);

test("the library's upload is behind every file", async () => {
  const { element } = await uploader({ multiple: "" });
  const [{ id }] = element.add([file(9, "a")]);
  same(element.upload("nobody"), undefined);
  await until(() => element.upload(id), "the upload");
  const upload = element.upload(id);
  const { key } = await upload.done;
  await done(element, 1);
  same([upload.name, element.files[0].key], ["a", key]);
});

test("no more than 24 files are in the library's hands", async () => {
  const { element, service } = await uploader({ multiple: "", manual: "" });
  const bucket = await service.open();
  let [now, most, all] = [0, 0, 0];
  element.bucket = {
    upload: (file, options) => {
      const upload = bucket.upload(file, options);
      all += 1;
      most = Math.max(most, (now += 1));
      const ended = () => (now -= 1);
      upload.done.then(ended, ended);
      return upload;
    },
    unfinished: () => bucket.unfinished(),
  };
  element.add(Array.from({ length: 60 }, (_, at) => file(10, `${at}`)));
  await sleep(200);
  same([all, element.matches(":state(busy)")], [0, false], "nothing starts by itself");
  element.start();
  await done(element, 60);
  same([all, most], [60, 24]);
  element.clear();
  same(element.files.length, 0);
});

test("the bucket's list shows what is uploaded, and deletes it", async () => {
  const { element, service } = await uploader({ multiple: "", id: "uploader" });
  const list = await put("partway-bucket", { for: "uploader" });
  element.add([file(9, "a.bin"), file(8, "b.bin")]);
  await done(element, 2);
  await until(() => list.entries.length === 2 && rows(list).length === 2, "both");
  same(list.entries.map(({ name, size }) => [name, size]).sort(), [
    ["a.bin", 9],
    ["b.bin", 8],
  ]);
  const { key } = list.entries.find(({ name }) => name === "a.bin");
  const action = (name) => list.shadowRoot.querySelector(`[data-key="${key}"] [data-action=${name}]`);
  await click(action("delete"));
  await until(() => action("keep"), "the question");
  await click(action("keep"));
  await until(() => action("delete"), "the buttons as they were");
  await click(action("delete"));
  await until(() => action("confirm"), "the question once more");
  await click(action("confirm"));
  await until(() => list.entries.length === 1 && rows(list).length === 1, "its removal");
  const bucket = await service.open();
  same(
    (await bucket.list()).map(({ name }) => name),
    ["b.bin"],
  );
  await bucket.upload(file(7, "c.bin")).done;
  await click(list.shadowRoot.querySelector("[data-action=refresh]"));
  await until(() => rows(list).length === 2, "what another page uploaded");
  list.readonly = true;
  await until(() => !list.shadowRoot.querySelector("[data-action=delete]")?.checkVisibility(), "nothing to delete");
});
