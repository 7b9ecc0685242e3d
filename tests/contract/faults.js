// A service that fails, and one that acts and does not say so.

import { fails, ok, same, test } from "./test.js";
import { MIB, calls, file, scenario, sha256 } from "./service.js";

const PART = 5 * MIB;
const put = { method: "PUT" };
const start = { method: "POST", path: "^/v1/buckets$" };
const complete = { method: "POST", path: "^/v1/buckets/complete$" };

async function arrives(rules, options = {}, size = 2 * PART + 1) {
  const service = await scenario(rules);
  const bucket = await service.open({ partSize: PART, ...options });
  const sent = file(size);
  for (const listen of [{}, { onProgress() {} }]) {
    await service.rules(rules);
    const { key } = await bucket.upload(sent, listen).done;
    same(await sha256(await bucket.download(key)), await sha256(sent));
    same((await bucket.list()).filter(({ completed }) => completed).length, 1, "exactly one file");
    await bucket.remove(key);
    const rest = await bucket.list();
    for (const entry of rest) await bucket.remove(entry.key);
  }
  return service;
}

for (const status of [408, 425, 429, 500, 502, 503, 504]) {
  test(`HTTP ${status} is tried again`, () =>
    arrives([
      { match: { ...start, nth: [1] }, do: { status } },
      { match: { ...put, nth: [1, 3] }, do: { status } },
      { match: { ...complete, nth: [1] }, do: { status } },
    ]));
}

test("a dropped connection is tried again", () =>
  arrives([
    { match: { ...start, nth: [1] }, do: { drop: "before" } },
    { match: { ...put, nth: [1, 2] }, do: { drop: "before" } },
    { match: { ...complete, nth: [1] }, do: { drop: "before" } },
  ]));

test("an answer lost after the service acted is found out", async () => {
  const service = await arrives([
    { match: { ...put, nth: [2] }, do: { drop: "after" } },
    { match: { ...complete, nth: [1] }, do: { drop: "after" } },
  ]);
  const made = calls(await service.log());
  // The log begins with the second upload's rules.
  same(made.filter((call) => call === "POST /buckets/complete").length, 1, "the completion is not repeated");
  same(made.filter((call) => call.startsWith("GET /buckets/file/")).length, 1);
});

test("a completion that was lost and is refused when repeated is asked about", async () => {
  const service = await scenario([
    // A request that one rule takes is not counted by the next.
    { match: { ...complete, nth: [1] }, do: { status: 429 } },
    { match: { ...complete, nth: [1] }, do: { drop: "after" } },
    { match: { path: "/v1/buckets/file/", nth: [1] }, do: { rewriteJson: { completed: false } } },
    { match: { ...complete, nth: [1] }, do: { status: 404 } },
  ]);
  const bucket = await service.open();
  ok((await bucket.upload(file(9)).done).completed, "it is done");
});

test("tries end, and the last failure is told", async () => {
  for (const [how, code] of [[{ status: 500 }, "server"], [{ status: 429 }, "server"], [{ status: 408 }, "timeout"],
    [{ drop: "before" }, "network"]]) {
    const service = await scenario([{ match: put, do: how }]);
    const bucket = await service.open({ retry: { attempts: 3, baseDelay: 1, maxDelay: 2 } });
    const error = await fails(bucket.upload(file(3)).done, code);
    same([error.retryable, error.status], [true, how.status]);
    same(calls(await service.log()).filter((call) => call === "PUT /buckets").length, 3);
    const stubborn = await service.open({ retry: false });
    await fails(stubborn.upload(file(3)).done, code);
    same(calls(await service.log()).filter((call) => call === "PUT /buckets").length, 4);
  }
});

for (const status of [400, 403, 409, 413]) {
  test(`HTTP ${status} is final`, async () => {
    const service = await scenario([{ match: put, do: { status } }]);
    const bucket = await service.open();
    const error = await fails(bucket.upload(file(3)).done, "refused");
    same([error.status, error.retryable], [status, false]);
    same(calls(await service.log()).filter((call) => call === "PUT /buckets").length, 1);
  });
}

test("an upload the service forgot is not found", async () => {
  const service = await scenario([{ match: put, do: { status: 404 } }]);
  await fails((await service.open()).upload(file(3)).done, "not-found");
});

test("Retry-After is obeyed by the whole bucket", async () => {
  const service = await scenario([{ match: { ...put, nth: [1] }, do: { status: 503, headers: { "Retry-After": "2" } } }]);
  const bucket = await service.open({ partSize: PART, parallel: 1, rules: "ignore" });
  const began = performance.now();
  const upload = bucket.upload(file(PART + 1));
  let waited = false;
  const timer = setInterval(() => (waited ||= upload.state === "waiting"), 50);
  await upload.done;
  clearInterval(timer);
  const took = performance.now() - began;
  ok(took >= 1990, `it waited ${took} ms`);
  ok(waited, "it says that it waits");
});

test("a refused token is renewed once for all who wait", async () => {
  const service = await scenario();
  let asked = 0;
  const token = async () => (++asked === 1 ? "an-expired-token" : service.token);
  const bucket = await service.open({ token, partSize: PART });
  await Promise.all([bucket.upload(file(4 * PART)).done, bucket.upload(file(3)).done, bucket.list()]);
  same(asked, 2);
});

test("a token that expires in the midst is renewed once, and no part is lost", async () => {
  // The third waits, so that the fourth is another part's, sent under the same token.
  const late = { match: { ...put, nth: [3] }, do: { delayMs: 500, status: 401 } };
  const expired = { match: { ...put, nth: [4] }, do: { status: 401 } };
  const service = await scenario([late, expired]);
  let asked = 0;
  const bucket = await service.open({ token: () => (asked++, service.token), partSize: PART, parallel: 4 });
  const sent = file(8 * PART);
  const { key } = await bucket.upload(sent).done;
  ok(asked >= 2 && asked <= 3, `asked ${asked} times`);
  same(await sha256(await bucket.download(key)), await sha256(sent));
});

test("a token that cannot be renewed ends in unauthorized", async () => {
  const service = await scenario();
  let asked = 0;
  const bad = await service.open({ token: () => (asked++, "bad") });
  const error = await fails(bad.upload(file(3)).done, "unauthorized");
  same([error.status, asked], [401, 2]);
  const throwing = await service.open({ token: () => Promise.reject(new Error("no session")) });
  await fails(throwing.list(), "unauthorized");
  await fails(throwing.upload(file(3)).done, "unauthorized");
  for (const wrong of [5, null, undefined, "", "two\nlines"]) {
    await fails((await service.open({ token: () => wrong })).list(), "invalid-option");
  }
  const thenable = { then: (resolve) => resolve(service.token) };
  same(await (await service.open({ token: () => thenable })).list(), []);
});

test("a GET is tried again too", async () => {
  const service = await scenario([{ match: { method: "GET", nth: [1, 2] }, do: { status: 503 } }]);
  same(await (await service.open()).list(), []);
});
