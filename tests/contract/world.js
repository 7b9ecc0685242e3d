// What the world does to uploads, by public reports of other uploaders: services that mean something else than they
// say, clocks that are wrong, statuses of the whole service.

import { fails, ok, same, test, until } from "./test.js";
import { MIB, calls, file, scenario, sha256 } from "./service.js";

const PART = 5 * MIB;
const put = { method: "PUT" };
const complete = { method: "POST", path: "^/v1/buckets/complete$" };
const list = { method: "GET", path: "^/v1/buckets$" };
const json = (value) => ({ status: 200, body: JSON.stringify(value) });

const count = async (service, wanted) => calls(await service.log()).filter((call) => call === wanted).length;

for (const body of ['{"error":"InternalError"}', '{"completed":false}', "<Error><Code>InternalError</Code></Error>", "failed"]) {
  test(`a completion answered 200 with ${body} is not done before it is`, async () => {
    const service = await scenario([{ match: { ...complete, nth: [1] }, do: { status: 200, body } }]);
    const bucket = await service.open();
    const { key } = await bucket.upload(file(9)).done;
    same((await bucket.file(key)).completed, true);
    same(await count(service, "POST /buckets/complete"), 2, "it is asked for again");
  });
}

test("a service that never completes is not believed", async () => {
  const service = await scenario([{ match: complete, do: json({ error: "InternalError" }) }]);
  const bucket = await service.open();
  await fails(bucket.upload(file(9)).done, "protocol");
  same((await bucket.list()).filter(({ completed }) => completed), []);
});

test("what a service calls complete is compared with what was sent", async () => {
  const other = (more) => json({ completed: true, ...more });
  for (const more of [{ fileKey: "another" }, { originalSizeInBytes: 8 }, { totalParts: 2 }]) {
    // A first answer like that is asked about; a service that stays with it is not believed.
    const service = await scenario([{ match: { ...complete, nth: [1] }, do: { ...other(more), forward: true } }]);
    const bucket = await service.open();
    const { key } = await bucket.upload(file(9)).done;
    same(await count(service, `GET /buckets/file/${key}`), 1);
    await service.rules([
      { match: complete, do: { drop: "after" } },
      { match: { method: "GET", path: "^/v1/buckets/file/" }, do: other(more) },
    ]);
    await fails(bucket.upload(file(9, "again.bin")).done, "protocol");
  }
});

test("an odd entry hides no other, whoever made it", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const { key } = await bucket.upload(file(9)).done;
  const odd = [null, 5, "x", [], { fileKey: 7 }, { fileKey: "k1", originalSizeInBytes: "5" }, { fileKey: "k2", totalParts: -1, completed: "true" }];
  await service.rules([{ match: list, do: json([...odd, { fileKey: key, completed: true, originalSizeInBytes: 9, totalParts: 1 }]) }]);
  const entries = await bucket.list();
  same(entries.map(({ key, size, completed }) => [key, size, completed]), [["k1", 5, false], ["k2", 0, true], [key, 9, true]]);
});

test("a fraction in Retry-After is rounded up, and nonsense is no header", async () => {
  for (const [header, least, most] of [["1.5", 1990, 20_000], ["2e9", 0, 20_000], ["a year", 0, 20_000]]) {
    const service = await scenario([{ match: { ...put, nth: [1] }, do: { status: 503, headers: { "Retry-After": header } } }]);
    const bucket = await service.open();
    const began = performance.now();
    await bucket.upload(file(3)).done;
    const took = performance.now() - began;
    ok(took >= least && took < most, `${header}: ${took} ms`);
  }
});

test("a clock that is days ahead ends no session", async () => {
  const service = await scenario([], { expiryDurationInSeconds: 3600 });
  const { now } = Date;
  try {
    Date.now = () => now() + 3 * 86_400_000;
    const bucket = await service.open();
    const sent = file(9);
    same(await sha256(await bucket.download((await bucket.upload(sent).done).key)), await sha256(sent));
  } finally {
    Date.now = now;
  }
});

test("a good token that is refused at first is tried again", async () => {
  const service = await scenario([{ match: { method: "*" }, do: { refuseTokensMs: 2500 } }]);
  const bucket = await service.open();
  const files = [1, 2, 3, 4].map((length) => bucket.upload(file(length)).done);
  same((await Promise.all(files)).length, 4);
  let asked = 0;
  const renewing = await service.open({ token: () => (++asked, service.join()) });
  await renewing.upload(file(5)).done;
  ok(asked <= 2, `the function was called ${asked} times`);
});

test("tags that the service refuses are not trusted again", async () => {
  const service = await scenario([{ match: complete, do: { refuseTags: true } }]);
  const bucket = await service.open({ partSize: PART });
  const sent = file(2 * PART + 1);
  const { key } = await bucket.upload(sent).done;
  same(await sha256(await bucket.download(key)), await sha256(sent));
  same(await count(service, "PUT /buckets"), 6, "each part is sent twice");
});

for (const status of [401, 403, 404, 413]) {
  test(`HTTP ${status} before the part's body is told, and the body is not sent again and again`, async () => {
    const service = await scenario([{ match: put, do: { early: true, status } }]);
    const bucket = await service.open({ partSize: PART, retry: { attempts: 3, baseDelay: 20, maxDelay: 200 } });
    const error = await bucket.upload(file(4 * MIB)).done.then(() => ok(false, "it arrived"), (error) => error);
    ok(error.code !== "protocol", error.code);
    const puts = await count(service, "PUT /buckets");
    ok(puts <= 8, `the body was sent ${puts} times`);
  });
}

test("a completion that takes long, and is refused when repeated, is waited for", async () => {
  const service = await scenario([{ do: { joinMs: 3000 } }]);
  const bucket = await service.open({ stallTimeout: 1000 });
  const { key, completed } = await bucket.upload(file(9)).done;
  same([completed, (await bucket.list()).map((entry) => entry.key)], [true, [key]]);
});

test("a service that thinks about each part for longer than a stall gets it twice at most", async () => {
  for (const listen of [{}, { onProgress() {} }]) {
    const service = await scenario([{ match: put, do: { thinkMs: 3000 } }]);
    const bucket = await service.open({ stallTimeout: 1000 });
    await bucket.upload(file(0), listen).done;
    ok((await count(service, "PUT /buckets")) <= 2, "it is sent again and again");
  }
});

test("bytes that something on the way takes at once and passes on slowly arrive", async () => {
  for (const listen of [{}, { onProgress() {} }]) {
    const service = await scenario([{ match: put, do: { swallow: 1_000_000 } }]);
    const bucket = await service.open({ stallTimeout: 1500, partSize: PART });
    const sent = file(PART + 1);
    const { key } = await bucket.upload(sent, listen).done;
    same(await sha256(await bucket.download(key)), await sha256(sent));
    ok((await count(service, "PUT /buckets")) <= 4, "a part is sent more than twice");
  }
});

for (const [what, match] of [["every request", { method: "*" }], ["every part", put]]) {
  test(`a deployment: 503 to ${what} for seconds fails no upload, and is no storm`, async () => {
    const service = await scenario();
    const bucket = await service.open({ partSize: PART });
    await bucket.upload(file(1)).done;
    await service.rules([{ match, do: { status: 503 } }]);
    const uploads = [file(2 * PART + 1), ...[1, 2, 3, 4, 5, 6].map((length) => file(length))].map((file) => bucket.upload(file));
    await new Promise((resolve) => setTimeout(resolve, 7000));
    const sent = await service.log();
    ok(sent.length <= 14, `${sent.length} requests in seven seconds: ${calls(sent)}`);
    ok(uploads.some(({ state }) => state === "waiting"), "nobody waits");
    await service.rules([]);
    const keys = (await Promise.all(uploads.map(({ done }) => done))).map(({ key }) => key);
    same(new Set(keys).size, 7);
  });
}

test("a limiter that refuses what is above its rate, preflights too and unreadably, is not stormed", async () => {
  const service = await scenario([{ match: { method: "*" }, do: { limit: { requests: 10, seconds: 5 }, hideCors: true } }]);
  const bucket = await service.open({ partSize: PART });
  await bucket.upload(file(5 * PART + 1)).done;
  const sent = await service.log();
  ok(sent.length <= 20, `${sent.length} requests: ${calls(sent)}`);
});

test("behind a line that takes bytes at once and passes them on slowly, the time left is true", async () => {
  const service = await scenario([{ match: put, do: { swallow: 2_000_000 } }]);
  const bucket = await service.open({ partSize: PART });
  const told = [];
  const onProgress = (progress) => told.push({ at: performance.now(), ...progress });
  await bucket.upload(file(4 * PART), { onProgress }).done;
  const end = performance.now();
  const partTakes = PART / 2000;
  const late = told.filter(({ at, partsDone }) => partsDone >= 2 && partsDone < 4 && end - at > 1000);
  ok(late.length > 2, "it tells how it goes while nothing moves");
  for (const { at, timeLeft } of late) {
    const ratio = timeLeft / (end - at);
    ok(ratio > 0.5 && ratio < 2, `${timeLeft} ms left were told for ${end - at}`);
  }
  const whole = told.find(({ sent, total }) => sent === total);
  ok(end - whole.at < 2 * partTakes, `100 % for ${end - whole.at} ms`);
});
