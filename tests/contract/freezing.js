// The page that has a file's lock is frozen: another takes over, and when it wakes nothing counts twice.

import { ok, same, test, until } from "./test.js";
import { MIB, calls, file, scenario, sha256 } from "./service.js";

const PART = 5 * MIB;

// Without Web Locks a row holds for a minute and more.
if (navigator.locks !== undefined) {
  test("a page that is frozen is taken over from, and wakes to nothing", async () => {
    const service = await scenario([
      { match: { method: "PUT" }, do: { delayMs: 300 } },
      // What freezes it: a request that it waits for.
      { match: { method: "GET", path: "/frozen$" }, do: { delayMs: 20_000 } },
    ]);
    const options = { endpoint: service.endpoint, token: service.token, sessionId: service.sessionId, partSize: PART, parallel: 2, stallTimeout: 3000 };
    const sent = file(8 * PART);
    const worker = new Worker("/contract/frozen.js", { type: "module" });
    const told = {};
    worker.onmessage = ({ data }) => Object.assign(told, data);
    worker.postMessage({ open: options, file: sent });
    await until(() => told.partsDone >= 2, "two parts");
    worker.postMessage({ freeze: `${service.endpoint}/frozen` });
    await until(() => told.frozen, "it to be frozen");
    const bucket = await service.open({ partSize: PART, parallel: 2, stallTimeout: 3000 });
    const upload = bucket.upload(sent);
    const { key } = await upload.done;
    same(told.end, undefined, "it is frozen still");
    ok(upload.progress.resumedFrom >= PART, `it went on from ${upload.progress.resumedFrom}`);
    await until(() => told.end !== undefined, "the frozen page to wake", 60_000);
    same(told.end, { key });
    same((await bucket.list()).map(({ key, completed }) => [key, completed]), [[key, true]]);
    same(calls(await service.log()).filter((call) => call === "POST /buckets").length, 1);
    same(await sha256(await bucket.download(key)), await sha256(sent));
    same(await bucket.unfinished(), []);
    worker.terminate();
  });
}
