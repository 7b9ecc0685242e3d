// What goes wrong, one entry a line of the table. Each is met by a file of every size.
//
// name: as the table shows it. rules: for the gateway's fault layer. options: for the bucket.
// ends: how the upload must end, "done" unless said. act: what a person does meanwhile.
// again: parts are rightly stored more than once.
// where: "apart" on a gateway of its own, one file at a time; "last" when nothing else runs, all files at once.

import { aborts, fails, ok, same, sleep, until } from "../contract/test.js";

const start = { method: "POST", path: "^/v1/buckets$" };
const part = { method: "PUT", path: "^/v1/buckets$" };
const complete = { method: "POST", path: "^/v1/buckets/complete$" };

/** `act` on the first start, the first and third part, the first completion. */
const everywhere = (act) => [
  { match: { ...start, nth: [1] }, do: act },
  { match: { ...part, nth: [1, 3] }, do: act },
  { match: { ...complete, nth: [1] }, do: act },
];
const slow = (delayMs) => [{ match: part, do: { delayMs } }];
const impatient = { stallTimeout: 1500 };
const nonsense = { status: 200, body: '{"tag": ', forward: true };
const busy = (status) => everywhere({ status, headers: { "Retry-After": "1" } });

/** Waits until a part is on its way. */
const partArrives = (service) => until(async () => (await service.log()).some(({ method }) => method === "PUT"), "a part");

/**
 * The upload ends in `protocol` and nothing is completed; when the service has come to reason the same file arrives.
 */
async function refusedThenAgain({ service, bucket, upload, again }) {
  await fails(upload.done, "protocol");
  // The parts beside the one that ended the upload.
  await service.forsake(() => true);
  same((await bucket.list()).filter(({ completed }) => completed), []);
  await service.heal();
  return again();
}

/** The service comes to reason after three seconds. */
async function healsLater({ service, upload }) {
  await sleep(3000);
  await service.heal();
  return upload.done;
}

export const faults = [
  { name: "Nothing", rules: [] },
  { name: "Connection dropped before a request is read", rules: everywhere({ drop: "before" }) },
  { name: "Connection dropped in the middle of a request", rules: everywhere({ drop: "middle" }) },
  { name: "Answer lost after the server acted", rules: everywhere({ drop: "after" }) },
  { name: "Every second part's answer lost", rules: [{ match: { ...part, nth: [1, 3, 5, 7, 9, 11, 13, 15] }, do: { drop: "after" } }] },
  { name: "Every answer late", rules: everywhere({ delayMs: 300 }) },
  { name: "Slow line", rules: [{ match: part, do: { throttle: 15_000_000 } }] },
  { name: "The line takes bytes at once and passes them on slowly", rules: [{ match: part, do: { swallow: 15_000_000 } }], options: impatient },
  { name: "The service thinks about each part for longer than a stall", rules: [{ match: part, do: { thinkMs: 2000 } }], options: impatient, again: true },
  { name: "Joining takes seconds, and answers 409 meanwhile", rules: [{ do: { joinMs: 2500 } }], options: impatient },
  { name: "A completion is answered 200, with an error in it", rules: [{ match: { ...complete, nth: [1] }, do: { status: 200, body: '{"error":"InternalError"}' } }] },
  { name: "Tags are refused once: all parts are sent again", rules: [{ match: complete, do: { refuseTags: true } }], again: true },
  { name: "A good token is refused at first", rules: [{ match: { method: "*" }, do: { refuseTokensMs: 1500 } }] },
  { name: "503 to everybody for 3 s", rules: [{ match: {}, do: { status: 503 } }], act: healsLater },
  {
    name: "A limit of 3 requests in 3 s",
    rules: [{ match: {}, do: { limit: { requests: 3, seconds: 3 } } }],
    // The calls that look at the outcome are refused for longer than the tries of other rows last.
    options: { retry: { baseDelay: 50, maxDelay: 4000, attempts: 12 } },
  },
  { name: "429 with Retry-After", rules: busy(429) },
  { name: "503 with Retry-After", rules: busy(503) },
  { name: "500", rules: everywhere({ status: 500 }) },
  { name: "500 though the server acted", rules: everywhere({ status: 500, forward: true }) },
  { name: "Answers cut short", rules: everywhere({ cutAfter: 5 }) },
  { name: "Malformed answers", rules: everywhere(nonsense) },
  {
    name: "Nothing but malformed answers to a start (ends in `protocol`; the next try arrives)",
    rules: [{ match: start, do: nonsense }],
    act: refusedThenAgain,
  },
  {
    name: "Nothing but malformed answers to parts (ends in `protocol`; the next try arrives)",
    rules: [{ match: part, do: nonsense }],
    act: refusedThenAgain,
  },
  { name: "Token expires", rules: [{ match: { ...part, nth: [1] }, do: { expireTokens: true } }] },
  { name: "Server takes nothing and never answers", rules: everywhere({ hang: "before" }), options: impatient },
  { name: "Server takes everything and never answers", rules: everywhere({ hang: "after" }), options: impatient },
  { name: "Server sends headers and then nothing", rules: everywhere({ hang: "headers" }), options: impatient },
  { name: "Server restarts, away for 1.5 s", rules: [{ match: { ...part, nth: [1] }, do: { restart: 1500 } }], where: "apart" },
  {
    name: "Disk full for a second",
    rules: [{ match: part, do: { diskFull: true } }],
    async act({ service, upload }) {
      await until(() => upload.state === "uploading" || upload.state === "waiting", "the upload to begin");
      await sleep(1000);
      ok(upload.progress.partsDone === 0, "a part was stored");
      await service.heal();
      return upload.done;
    },
  },
  {
    name: "Paused and resumed",
    rules: slow(1500),
    async act({ service, upload }) {
      await partArrives(service);
      // A pause cuts off what is on its way; what has left the browser may still be stored.
      await service.forsake(({ status }) => status === null);
      upload.pause();
      await sleep(500);
      same(upload.state, "paused");
      const before = (await service.log()).length;
      await sleep(300);
      same((await service.log()).length, before, "requests while it was paused");
      upload.resume();
      return upload.done;
    },
  },
  {
    name: "Aborted (removed from the bucket, nothing sent after)",
    rules: slow(1500),
    ends: "aborted",
    async act({ service, bucket, upload }) {
      await partArrives(service);
      await upload.abort();
      await aborts(upload.done);
      const before = await service.log();
      ok(before.at(-1).method === "DELETE", `the last request is ${before.at(-1).method} ${before.at(-1).path}`);
      await sleep(400);
      same((await service.log()).length, before.length, "requests after the abort");
      same(await bucket.list(), []);
    },
  },
  {
    name: "Offline for a second",
    // So long that every row has a part on its way when all of them lose the network together, on a busy machine too.
    rules: [{ match: { ...part, nth: [1] }, do: { delayMs: 8000 } }],
    where: "last",
    async act({ service, upload, network }) {
      await partArrives(service);
      await network.offline();
      same(upload.state, "waiting");
      await sleep(400);
      const before = (await service.log()).length;
      await sleep(400);
      same((await service.log()).length, before, "requests while offline");
      await network.online();
      return upload.done;
    },
  },
];
