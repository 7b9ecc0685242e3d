// The session's rules, known before a byte is sent.

import { fails, ok, same, test } from "./test.js";
import { MIB, calls, file, scenario } from "./service.js";

const buckets = (log) => calls(log).filter((call) => call.includes("/buckets"));

test("a file over the rules is refused before any byte", async () => {
  const service = await scenario([], { maxTotalMegaBytes: 2 });
  const bucket = await service.open();
  await fails(bucket.upload(file(2_000_001)).done, "too-large");
  same(buckets(await service.log()), []);
  await bucket.upload(file(2_000_000)).done;
  await fails(bucket.upload(file(1)).done, "too-large");
});

test("a file too many is refused before any byte", async () => {
  const service = await scenario([], { maxFiles: 2 });
  const bucket = await service.open();
  const ends = await Promise.allSettled([1, 2, 3, 4].map((size) => bucket.upload(file(size)).done));
  same(ends.map(({ status, reason }) => reason?.code ?? status), ["fulfilled", "fulfilled", "too-many-files", "too-many-files"]);
  same(buckets(await service.log()).length, 6);
  await bucket.remove(ends[0].value.key);
  await bucket.upload(file(5)).done;
});

test("files known from a list count too", async () => {
  const service = await scenario([], { maxFiles: 1 });
  await (await service.open()).upload(file(1)).done;
  const later = await service.open();
  await later.list();
  await fails(later.upload(file(1)).done, "too-many-files");
  const unaware = await service.open({ rules: "ignore" });
  const error = await fails(unaware.upload(file(1)).done, "refused");
  ok(error.status >= 400, "the service itself refuses");
});

test("the caller's rules are taken and nothing is asked", async () => {
  const service = await scenario();
  const bucket = await service.open({ rules: { maxFiles: 1, maxTotalMegaBytes: 1 } });
  same(await bucket.rules(), { maxFiles: 1, maxTotalMegaBytes: 1 });
  await fails(bucket.upload(file(MIB)).done, "too-large");
  await bucket.upload(file(1)).done;
  await fails(bucket.upload(file(1)).done, "too-many-files");
  same(calls(await service.log()).filter((call) => call.includes("session")), []);
  const over = await service.open({ rules: { expiry: Date.now() - 1 } });
  await fails(over.upload(file(1)).done, "session-expired");
});

test("a service without rules is no error", async () => {
  for (const how of [{ status: 404 }, { status: 405 }, { status: 501 }, { status: 200, body: "<html>" }]) {
    const service = await scenario([{ match: { path: "^/v1/session/current$" }, do: how }]);
    await (await service.open()).upload(file(1)).done;
  }
});
