// What the world does to uploads, by public reports of other uploaders: services that mean something else than they
// say, clocks that are wrong, statuses of the whole service.

import { fails, ok, same, test, until } from "./test.js";
import { MIB, bytes, calls, file, scenario, sha256 } from "./service.js";

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
