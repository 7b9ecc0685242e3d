// Pause, resume, abort.

import { aborts, ok, same, sleep, test, until } from "./test.js";
import { MIB, calls, file, scenario, sha256 } from "./service.js";

const PART = 5 * MIB;
const slow = [{ match: { method: "PUT" }, do: { delayMs: 300 } }];

test("a paused upload sends nothing, and goes on where it was", async () => {
  const service = await scenario(slow);
  const bucket = await service.open({ partSize: PART, parallel: 2, rules: "ignore" });
  const [sent, states] = [file(6 * PART), []];
  const upload = bucket.upload(sent, { onState: (state) => states.push(state), onProgress() {} });
  await until(() => upload.progress.partsDone >= 1, "a part");
  upload.pause();
  same(upload.state, "paused");
  await sleep(700);
  const before = (await service.log()).length;
  await sleep(700);
  same([upload.state, (await service.log()).length], ["paused", before]);
  same(upload.progress.speed, 0);
  upload.resume();
  const { key } = await upload.done;
  ok(states.includes("paused") && states.at(-1) === "done", states.join());
  same(await sha256(await bucket.download(key)), await sha256(sent));
});

test("pausing before it began, and resuming twice, is fine", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const upload = bucket.upload(file(10));
  upload.pause();
  upload.pause();
  await sleep(200);
  same(calls(await service.log()).filter((call) => call.includes("buckets")), []);
  upload.resume();
  upload.resume();
  await upload.done;
  upload.pause();
  same(upload.state, "done");
});

test("an aborted upload is removed and sends nothing more", async () => {
  const service = await scenario(slow);
  const bucket = await service.open({ partSize: PART, rules: "ignore" });
  const upload = bucket.upload(file(6 * PART), { onProgress() {} });
  await until(() => upload.progress.partsDone >= 1, "a part");
  const aborting = upload.abort();
  same(upload.state, "aborted");
  await aborts(upload.done);
  await aborting;
  await upload.abort();
  const before = await service.log();
  same(calls(before).at(-1), `DELETE /buckets/${upload.key}`);
  await sleep(500);
  same((await service.log()).length, before.length);
  same(await bucket.list(), []);
});

test("an upload aborted as it starts leaves nothing behind", async () => {
  const service = await scenario([{ match: { method: "POST", path: "^/v1/buckets$" }, do: { delayMs: 3000 } }]);
  const bucket = await service.open({ rules: "ignore" });
  const upload = bucket.upload(file(10));
  await until(async () => (await service.log()).length > 0, "the start");
  const began = performance.now();
  const aborting = upload.abort();
  await aborts(upload.done);
  ok(performance.now() - began < 1500, "it is aborted at once, and does not wait for the start's answer");
  await aborting;
  await until(async () => (await bucket.list()).length === 0 && (await service.log()).some(({ method }) => method === "DELETE"),
    "what it made to be removed");
  same(calls(await service.log()).filter((call) => call.startsWith("PUT")), []);
});

test("an upload aborted before it starts asks for nothing", async () => {
  const service = await scenario();
  const bucket = await service.open({ rules: "ignore" });
  const upload = bucket.upload(file(10));
  await upload.abort();
  await aborts(upload.done);
  await aborts(bucket.upload(file(10), { signal: AbortSignal.abort() }).done);
  same(await service.log(), []);
});

test("abort with `keep` leaves what is stored", async () => {
  const service = await scenario(slow);
  const bucket = await service.open({ partSize: PART, rules: "ignore" });
  const upload = bucket.upload(file(6 * PART));
  await until(() => upload.progress.partsDone >= 1, "a part");
  await upload.abort({ keep: true });
  await aborts(upload.done);
  same(calls(await service.log()).filter((call) => call.startsWith("DELETE")), []);
  const [entry] = await bucket.list();
  same([entry.key, entry.completed], [upload.key, false]);
});

test("the caller's signal aborts an upload, whatever its reason", async () => {
  const service = await scenario(slow);
  const bucket = await service.open({ partSize: PART, rules: "ignore" });
  for (const reason of [undefined, "a string"]) {
    const controller = new AbortController();
    const upload = bucket.upload(file(6 * PART), { signal: controller.signal });
    await until(() => upload.state === "uploading", "it to begin");
    controller.abort(reason);
    await aborts(upload.done);
    await until(async () => (await bucket.list()).length === 0, "its removal");
  }
});

test("aborting one of many lets the others go on", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const uploads = [1, 2, 3, 4, 5, 6].map((i) => bucket.upload(file(i * MIB, `${i}`)));
  uploads[2].abort();
  const ends = await Promise.allSettled(uploads.map(({ done }) => done));
  same(ends.map(({ status }) => status), [0, 1, 2, 3, 4, 5].map((i) => (i === 2 ? "rejected" : "fulfilled")));
  await until(async () => (await bucket.list()).length === 5, "the five");
});

test("a callback may pause, resume and abort", async () => {
  const service = await scenario();
  const bucket = await service.open({ partSize: PART });
  let paused = false;
  const upload = bucket.upload(file(3 * PART), {
    onState: (state) => {
      if (state === "uploading" && !paused) {
        paused = true;
        upload.pause();
      }
      if (state === "paused") upload.resume();
      if (state === "completing") upload.abort();
    },
  });
  const end = await upload.done.then(() => "done", (error) => error.name);
  ok(end === "AbortError" || end === "done", end);
});
