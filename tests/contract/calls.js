// The calls of `Bucket` one by one, against the real gateway.

import init, { isPartwayError, openBucket } from "/pkg/partway.js";
import { aborts, fails, ok, same, test } from "./test.js";
import { calls, file, scenario, sha256 } from "./service.js";

test("init can be called again and again", async () => {
  await Promise.all([init(), init()]);
  same(await init(), undefined);
});

test("opening a bucket sends nothing", async () => {
  const service = await scenario();
  const bucket = await service.open();
  ok(bucket.nameStrength > 80, `a session ID of the gateway is strong, not ${bucket.nameStrength}`);
  same(await service.log(), []);
});

test("every call, from an empty bucket to an empty bucket", async () => {
  const service = await scenario([], { maxFiles: 7, maxTotalMegaBytes: 50, expiryDurationInSeconds: 3600 });
  const bucket = await service.open();
  same(await bucket.list(), []);
  const sent = file(1234, "Prüfung \u202E.pdf", "application/pdf");
  const entry = await bucket.upload(sent).done;
  const expected = {
    key: entry.key, name: sent.name, nameScheme: "partway", nameAuthenticated: true, type: "application/pdf",
    sizeMatches: true, size: 1234, parts: 1, completed: true,
  };
  for (const found of [entry, await bucket.file(entry.key), ...(await bucket.list())]) {
    const { creator, ...rest } = found;
    same(rest, expected);
    ok(creator === null || typeof creator === "string", "creator");
  }
  const link = await bucket.downloadUrl(entry.key);
  same(await sha256(await (await fetch(link)).blob()), await sha256(sent));
  const steps = [];
  const blob = await bucket.download(entry.key, { onProgress: (...step) => steps.push(step) });
  same(await sha256(blob), await sha256(sent));
  same(steps.at(-1), [1234, 1234]);
  const rules = await bucket.rules();
  same([rules.maxFiles, rules.maxTotalMegaBytes], [7, 50]);
  ok(Math.abs(rules.expiry - Date.now() - 3_600_000) < 60_000, `expiry ${rules.expiry}`);
  same(await bucket.remove(entry.key), undefined);
  same(await bucket.list(), []);
  await fails(bucket.file(entry.key), "not-found");
  await fails(bucket.downloadUrl(entry.key), "not-found");
  await fails(bucket.download(entry.key), "not-found");
});

test("an error says what it is", async () => {
  const bucket = await (await scenario()).open();
  const error = await fails(bucket.file("no-such-key"), "not-found");
  same([error.status, error.retryable, isPartwayError(error)], [404, false, true]);
  ok(!isPartwayError(new Error("x")) && !isPartwayError(undefined), "other values are no PartwayError");
});

test("a wrong token is unauthorized, and its text is in no message", async () => {
  const service = await scenario();
  const bucket = await service.open({ token: "not-the-token" });
  const error = await fails(bucket.list(), "unauthorized");
  ok(error.status === 401 && !`${error.message}${error.stack}`.includes("not-the-token"), "the message");
  await fails(bucket.upload(file(1)).done, "unauthorized");
});

test("a signal ends a call at once, whatever its reason", async () => {
  const service = await scenario([{ match: { method: "GET" }, do: { delayMs: 3000 } }]);
  const bucket = await service.open();
  for (const reason of [undefined, "a string", 42, new Error("mine")]) {
    const controller = new AbortController();
    const began = performance.now();
    const listing = bucket.list({ signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    await aborts(listing);
    ok(performance.now() - began < 1500, "at once");
  }
  await aborts(bucket.list({ signal: AbortSignal.abort() }));
});

test("a closed bucket does nothing more", async () => {
  const service = await scenario([{ match: { method: "GET" }, do: { delayMs: 1000 } }]);
  const bucket = await service.open();
  const pending = bucket.list();
  const upload = bucket.upload(file(100));
  bucket.close();
  bucket.close();
  await fails(pending, "closed");
  await aborts(upload.done);
  await fails(bucket.list(), "closed");
  await fails(bucket.rules(), "closed");
  await fails((async () => bucket.upload(file(1)))(), "closed");
});

test("disposal closes", async () => {
  const bucket = await (await scenario()).open();
  if (Symbol.dispose) {
    bucket[Symbol.dispose]();
    await fails(bucket.list(), "closed");
  }
});

test("a key is one path segment or refused", async () => {
  const service = await scenario();
  const bucket = await service.open();
  for (const key of ["", ".", "..", 7, undefined, null, "a\u0000b", "x".repeat(2000)]) {
    for (const call of [bucket.file, bucket.remove, bucket.download, bucket.downloadUrl]) {
      await fails(call.call(bucket, key), "invalid-option");
    }
  }
  same(await service.log(), []);
  for (const key of ["../session", "a/b", "a?b=c", "a#b", "%2e%2e", "..%2f", "é"]) {
    await fails(bucket.file(key), "not-found");
    await fails(bucket.remove(key), "not-found");
  }
  for (const call of calls(await service.log())) ok(/^(GET \/buckets\/file|DELETE \/buckets)\/[^/?#]+$/.test(call), call);
});

test("rules are asked for once", async () => {
  const service = await scenario();
  const bucket = await service.open();
  await Promise.all([bucket.rules(), bucket.rules(), bucket.upload(file(3)).done, bucket.upload(file(4)).done]);
  await bucket.rules();
  same(calls(await service.log()).filter((call) => call === "GET /session/current").length, 1);
});

test("two buckets do not disturb each other", async () => {
  const [a, b] = await Promise.all([scenario(), scenario()]);
  const [one, two] = [await a.open(), await b.open()];
  await Promise.all([one.upload(file(10, "one")).done, two.upload(file(11, "two")).done]);
  same((await one.list()).map((entry) => entry.name), ["one"]);
  same((await two.list()).map((entry) => entry.name), ["two"]);
  const strangers = await openBucket({ endpoint: a.endpoint, token: a.token, sessionId: b.sessionId });
  same((await strangers.list()).map(({ name, nameScheme, nameAuthenticated }) => [name, nameScheme, nameAuthenticated]),
    [[null, null, false]], "another session's ID reads no name");
});
