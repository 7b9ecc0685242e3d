// Uploads that go well: every size, what they cost, what they show.

import { ok, same, test } from "./test.js";
import { MIB, bytes, calls, file, ownHeaders, scenario, sha256 } from "./service.js";

const PART = 5 * MIB;

for (const [what, size] of [["0 bytes", 0], ["1 byte", 1], ["one part", PART], ["one part and a byte", PART + 1],
  ["12 parts", 11 * PART + 12345]]) {
  test(`a file of ${what} arrives identical`, async () => {
    const bucket = await (await scenario()).open({ partSize: PART });
    for (const options of [{}, { onProgress() {} }]) {
      const sent = file(size);
      const upload = bucket.upload(sent, options);
      const entry = await upload.done;
      same([entry.size, entry.parts], [size, Math.max(1, Math.ceil(size / PART))]);
      same([upload.state, upload.key, upload.name, upload.size], ["done", entry.key, "file.bin", size]);
      same(await sha256(await bucket.download(entry.key)), await sha256(sent));
      await bucket.remove(entry.key);
    }
  });
}

test("a file of one part costs three requests, and the rules one more, once", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const { key } = await bucket.upload(file(PART), { onProgress() {} }).done;
  const three = ["POST /buckets", "PUT /buckets", "POST /buckets/complete"];
  same(calls(await service.log()), ["GET /session/current", ...three]);
  await bucket.upload(file(9)).done;
  same(calls(await service.log()).slice(4), three);
  await bucket.download(key);
  same(calls(await service.log()).slice(7), [`GET /buckets/download/${key}`], "the size is known already");
});

test("only documented headers are sent", async () => {
  const service = await scenario();
  const bucket = await service.open({ apiKey: "the-key" });
  const { key } = await bucket.upload(file(PART + 1), { onProgress() {} }).done;
  const other = bucket.upload(file(7));
  await other.done;
  await bucket.list();
  await bucket.file(key);
  await bucket.remove(key);
  for (const entry of await service.log()) {
    const [{ method, path }, { known: ours, unknown }] = [entry, ownHeaders(entry)];
    same(unknown, [], `${method} ${path}`);
    for (const name of ["authorization", "x-api-key"]) ok(ours.includes(name), `${method} ${path} lacks ${name}`);
    ok(!ours.includes("partnumber") || method === "PUT", `${method} ${path} has partNumber`);
    ok(!path.includes("?"), `${path} has a query`);
  }
});

test("progress never goes back and ends whole", async () => {
  const bucket = await (await scenario()).open({ partSize: PART });
  const size = 4 * PART + 99;
  const [seen, states] = [[], []];
  const upload = bucket.upload(file(size), { onProgress: (step) => seen.push(step), onState: (state) => states.push(state) });
  same([upload.state, upload.key, upload.progress.total, upload.progress.parts], ["queued", undefined, size, 5]);
  await upload.done;
  same(states, ["starting", "uploading", "completing", "done"]);
  let before = { sent: 0, partsDone: 0 };
  for (const step of seen) {
    ok(step.sent >= before.sent && step.sent <= step.total, `sent ${before.sent} -> ${step.sent}`);
    ok(step.partsDone >= before.partsDone && step.partsDone <= step.parts, "partsDone");
    ok(step.timeLeft === null || step.timeLeft >= 0, `timeLeft ${step.timeLeft}`);
    ok(step.speed >= 0 && Number.isFinite(step.speed), `speed ${step.speed}`);
    before = step;
  }
  const { speed, ...last } = seen.at(-1);
  same(last, { sent: size, total: size, partsDone: 5, parts: 5, timeLeft: 0, resumedFrom: 0 });
  same(upload.progress, seen.at(-1));
});

test("a blob needs a name and gets it; odd names survive", async () => {
  const bucket = await (await scenario()).open();
  const names = ["x", "ünï", "a/b\\c", "<img src=x onerror=alert(1)>", "inv\u202Egpj.exe", "emoji \u{1F600}", "é".repeat(512)];
  for (const name of names) {
    const entry = await bucket.upload(new Blob(["1"]), { name }).done;
    same([entry.name, entry.type], [name, null]);
  }
  same((await bucket.list()).map(({ name }) => name).sort(), [...names].sort());
});

test("plain names are written and read as they are, and not proven", async () => {
  const bucket = await (await scenario()).open({ names: "plain", sessionId: undefined });
  const entry = await bucket.upload(file(1, "plain.txt")).done;
  for (const found of [entry, await bucket.file(entry.key)]) {
    same([found.name, found.nameScheme, found.nameAuthenticated, found.type], ["plain.txt", "plain", false, null]);
  }
  same(bucket.nameStrength, 0);
});

test("at most `parallel` parts are in flight, and a small file is not starved by a huge one", async () => {
  const service = await scenario([{ match: { method: "PUT" }, do: { delayMs: 150 } }]);
  const bucket = await service.open({ partSize: PART, parallel: 2, rules: "ignore" });
  const huge = bucket.upload(new Blob([bytes(16 * PART)]), { name: "huge" });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const small = bucket.upload(file(10, "small"));
  await small.done;
  ok(huge.state === "uploading" && huge.progress.partsDone < 14, `the huge one had ${huge.progress.partsDone} parts`);
  await huge.done;
  const puts = (await service.log()).filter(({ method }) => method === "PUT");
  same(puts.length, 17);
});

test("many small files all arrive", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const uploads = Array.from({ length: 60 }, (_, i) => bucket.upload(file(i, `file ${i}`)));
  await Promise.all(uploads.map(({ done }) => done));
  const listed = await bucket.list();
  same(listed.length, 60);
  for (const entry of listed) same(entry.name, `file ${entry.size}`);
  same((await service.log()).length, 60 * 3 + 2);
});

test("a callback that throws harms nothing", async () => {
  const bucket = await (await scenario()).open();
  const oops = () => {
    throw new Error("from the test");
  };
  await bucket.upload(file(PART + 1), { onProgress: oops, onState: oops }).done;
});
