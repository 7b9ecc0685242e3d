// What follows from the default times, with those times: 30 s until a try is given up, later tries that are given more,
// a service that is waited for. They take minutes, so they are run where ?full=true says so.

import { full, isWanted, ok, same, sleep, test, until } from "./test.js";
import { MIB, calls, file, gateway, scenario, sha256 } from "./service.js";

const PART = 5 * MIB;
const DEFAULT_PART = 8 * MIB;
const put = { method: "PUT" };
const complete = { method: "POST", path: "^/v1/buckets/complete$" };
/** Both ways a part goes: by `fetch`, and by `XMLHttpRequest`, which tells how far it is. */
const WAYS = [{}, { onProgress() {} }];

/** Six parts are not all sent before the rules are changed. */
const inTwoRounds = [{ match: put, do: { delayMs: 2000 } }];

/** Opens the scenario's bucket with the defaults, but for `options`. */
const open = (service, options = {}) => service.open({ retry: undefined, ...options });

/** The same under the gateway's other name: a browser opens six connections to each. */
const openBeside = (service, options = {}) => {
  const endpoint = service.endpoint.replace(gateway, gateway.replace("127.0.0.1", "localhost"));
  ok(endpoint !== service.endpoint, "the gateway has no other name");
  return open(service, { endpoint, ...options });
};

/** How often each part was sent. */
const sends = async (service) => {
  const times = new Map();
  for (const { method, key, partNumber } of await service.log()) {
    if (method === "PUT") times.set(`${key} ${partNumber}`, (times.get(`${key} ${partNumber}`) ?? 0) + 1);
  }
  return [...times.values()];
};

/** Uploads `sent`, and fails unless it is stored as it is; gives the milliseconds until it was. */
async function arrives(bucket, sent, listen = {}) {
  const began = performance.now();
  const { key } = await bucket.upload(sent, listen).done;
  const took = performance.now() - began;
  same(await sha256(await bucket.download(key)), await sha256(sent));
  return took;
}

/** Adds tests that disturb each other in nothing: the first that is run begins all of them. */
function testTogether(bodies) {
  const ends = new Map();
  for (const [name, body] of Object.entries(bodies)) {
    test(name, () => {
      if (ends.size === 0) {
        for (const [name, body] of Object.entries(bodies).filter(([name]) => isWanted(name))) {
          const end = body();
          // It is looked at when it is its turn.
          end.catch(() => {});
          ends.set(name, end);
        }
      }
      return ends.get(name);
    });
  }
}

if (full) {
  testTogether({
    "with the default times: a part that is never answered is sent once more": () =>
      Promise.all(WAYS.map(async (listen) => {
        const service = await scenario([{ match: { ...put, nth: [1] }, do: { hang: "after" } }]);
        const bucket = await open(service);
        const took = await arrives(bucket, file(DEFAULT_PART + 1), listen);
        const sent = await sends(service);
        ok(took > 29_000 && took < 75_000, `it took ${took} ms`);
        same(sent.sort(), [1, 2]);
      })),

    "with the default times: 503 to everything for 70 s fails none of 31 files, and is no storm": () =>
      Promise.all([{ method: "*" }, {}].map(async (match) => {
        const service = await scenario(inTwoRounds);
        const bucket = await openBeside(service, { partSize: PART });
        const large = bucket.upload(file(6 * PART));
        await until(() => large.progress.partsDone >= 1, "a part");
        await service.rules([{ match, do: { status: 503 } }]);
        const uploads = [large, ...Array.from({ length: 30 }, (_, place) => bucket.upload(file(place + 1, `${place}.bin`)))];
        await sleep(70_000);
        const refused = await service.log();
        ok(refused.length <= 60, `${refused.length} requests: ${calls(refused)}`);
        ok(uploads.every(({ state }) => state !== "failed" && state !== "done"), "it ended meanwhile");
        await service.rules([]);
        const began = performance.now();
        const keys = (await Promise.all(uploads.map(({ done }) => done))).map(({ key }) => key);
        const back = performance.now() - began;
        ok(back < 150_000, `it takes ${back} ms until all are there`);
        same(new Set(keys).size, 31);
        same((await bucket.list()).filter(({ completed }) => completed).length, 31);
        same(await sha256(await bucket.download(large.key)), await sha256(file(6 * PART)));
      })),

    "with the default times: a completion that takes 90 s, and is refused when repeated, is waited for": () =>
      // Silence is no reason to repeat it; that something on the way gave up is one, once.
      Promise.all([[{}, 1], [{ forward: true, status: 504 }, 2]].map(async ([answer, times]) => {
        const service = await scenario([{ match: { ...complete, nth: [1] }, do: { joinMs: 90_000, ...answer } }]);
        const bucket = await open(service);
        const took = await arrives(bucket, file(9));
        const made = await service.log();
        ok(took >= 89_000 && took < 130_000, `it took ${took} ms`);
        same((await bucket.list()).map(({ completed }) => completed), [true]);
        same(calls(made).filter((call) => call === "POST /buckets").length, 1, "starts");
        same(calls(made).filter((call) => call === "POST /buckets/complete").length, times, "completions");
      })),

    "with the default times: a 401 that CORS hides for a minute is found out": async () => {
      const service = await scenario(inTwoRounds);
      let since = Infinity;
      const asked = [];
      const token = async () => {
        asked.push(Math.round(performance.now() - since));
        if (performance.now() - since < 50_000) return service.token;
        await service.rules([]);
        return service.join();
      };
      const bucket = await openBeside(service, { token, partSize: PART });
      const sent = file(6 * PART);
      const upload = bucket.upload(sent);
      await until(() => upload.progress.partsDone >= 1, "a part");
      since = performance.now();
      asked.length = 0;
      await service.rules([{ match: {}, do: { status: 401, hideCors: true } }]);
      await sleep(50_000);
      const refused = await service.log();
      await until(() => upload.state === "done", "it to arrive", 70_000);
      const { key } = await upload.done;
      ok(asked.length >= 2 && asked.length <= 4, `the function was called after ${asked} ms`);
      ok(refused.length <= 24, `${refused.length} requests: ${calls(refused)}`);
      same(await sha256(await bucket.download(key)), await sha256(sent));
    },

    "with the default times: a limit of 10 requests in 10 s, preflights too and unreadably, is not stormed": async () => {
      const limit = { match: { method: "*" }, do: { limit: { requests: 10, seconds: 10 }, hideCors: true } };
      const service = await scenario([limit]);
      const bucket = await open(service, { partSize: PART });
      const sent = file(12 * PART);
      const { key } = await bucket.upload(sent).done;
      const log = await service.log(true);
      // What is refused before it is sent, its preflight, is seen as well. What is served is within the limit.
      const refused = log.filter(({ fault }) => fault !== null);
      const inMinute = refused.map(({ at }) => refused.filter((other) => other.at >= at && other.at < at + 60_000).length);
      ok(refused.length > 0, "nothing is refused");
      ok(Math.max(...inMinute) <= 20, `${Math.max(...inMinute)} refused in a minute: ${calls(refused)}`);
      await service.rules([]);
      same(await sha256(await bucket.download(key)), await sha256(sent));
    },
  });

  test("with the default times: behind a line of 500 kB/s that swallows, the time left is true once a part is stored", async () => {
    const service = await scenario([{ match: put, do: { swallow: 500_000 } }]);
    const bucket = await open(service, { partSize: PART });
    const told = [];
    const onProgress = (progress) => told.push({ at: performance.now(), ...progress });
    await bucket.upload(file(6 * PART), { onProgress }).done;
    const end = performance.now();
    const stored = told.find(({ partsDone }) => partsDone >= 1).at;
    // Another answer beside the first would show that the parts share the line: an eighth of a part's time is waited.
    const later = told.filter(({ at }) => at - stored > PART / 500 / 8 + 1000 && end - at > 2000);
    ok(later.length > 10, "it is told");
    for (const { at, partsDone, timeLeft } of later) {
      const ratio = timeLeft / (end - at);
      ok(ratio > 1 / 1.5 && ratio < 1.5, `${timeLeft} ms left were told for ${end - at}, ${partsDone} parts stored`);
    }
    const whole = told.find(({ sent, total }) => sent === total);
    ok(end - whole.at < PART / 500, `100 % for ${end - whole.at} ms`);
  });

  testTogether({
    "with the default times: parts that are answered after 45 s are sent twice at most": () =>
      Promise.all(WAYS.map(async (listen) => {
        const service = await scenario([{ match: put, do: { thinkMs: 45_000 } }]);
        const bucket = await (listen.onProgress ? openBeside : open)(service);
        const took = await arrives(bucket, file(2 * DEFAULT_PART), listen);
        const sent = await sends(service);
        ok(took >= 45_000, `it took ${took} ms`);
        ok(sent.length === 2 && Math.max(...sent) <= 2, `the parts were sent ${sent} times`);
      })),

    "with the default times: parts that something on the way takes at once and passes on at 150 kB/s arrive": () =>
      Promise.all(WAYS.map(async (listen) => {
        const service = await scenario([{ match: put, do: { swallow: 150_000 } }]);
        const bucket = await (listen.onProgress ? openBeside : open)(service, { partSize: PART });
        const took = await arrives(bucket, file(3 * PART), listen);
        const sent = await sends(service);
        ok(sent.length === 3 && Math.max(...sent) <= 2, `the parts were sent ${sent} times`);
      })),
  });
}
