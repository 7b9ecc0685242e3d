// Downloads that break, stand still, lose their link, or are answered by something else than the rest.

import { fails, ok, same, test } from "./test.js";
import { MIB, file, scenario, sha256 } from "./service.js";

const SIZE = 3 * MIB + 7;
const link = { method: "GET", path: "^/v1/link/" };
const ask = { method: "GET", path: "^/v1/buckets/download/" };

/** Puts rules in place that links are under, too: the gateway's own lead past every scenario. */
async function rule(service, bucket, key, rules) {
  await service.rules([]);
  const url = new URL(await bucket.downloadUrl(key));
  url.pathname = `${new URL(service.endpoint).pathname}${url.pathname.replace(/^\/v1/, "")}`;
  await service.rules([...rules, { match: ask, do: { rewriteJson: { url: url.href } } }]);
}

/** The requests that came to links. */
const fetches = async (service) => (await service.log()).filter(({ path }) => path.startsWith("/v1/link/"));

/**
 * Downloads a file under these rules. Gives the ranges asked for at its links (null: the whole file), and how many
 * links were asked for.
 */
async function downloads(rules, options = {}) {
  const service = await scenario();
  const bucket = await service.open(options);
  const sent = file(SIZE);
  const { key } = await bucket.upload(sent).done;
  await rule(service, bucket, key, rules);
  const steps = [];
  const onProgress = (received, total) => {
    same(total, SIZE);
    steps.push(received);
  };
  const received = await bucket.download(key, { onProgress });
  same([received.size, received.type], [SIZE, ""]);
  same(await sha256(received), await sha256(sent));
  same(steps, [...steps].sort((a, b) => a - b), "progress goes back");
  same(steps.at(-1), SIZE);
  const ranges = (await fetches(service)).map(({ headers }) => headers.range ?? null);
  const links = (await service.log()).filter(({ path }) => path.startsWith("/v1/buckets/download/")).length;
  return { ranges, links };
}

/** Where the rest begins that a range asks for. */
const start = (range) => Number(/^bytes=(\d+)-$/.exec(range)[1]);

/** Fails unless each range but the first asks for the rest, further on each time, though perhaps not at once. */
function goesOn(ranges, least = 2) {
  ok(ranges.length >= least, `asked ${ranges.length} times`);
  same(ranges[0], null);
  const starts = ranges.slice(1).map(start);
  same(starts, [...starts].sort((a, b) => a - b), "it went back");
  ok(starts.at(-1) > 0, `began again: ${ranges}`);
}

test("a download that is cut again and again goes on where it broke", async () => {
  // More often than there are tries.
  const cut = { match: { ...link, to: 8 }, do: { cutAfter: 400_000 } };
  const { ranges, links } = await downloads([cut], { retry: { attempts: 2, baseDelay: 5, maxDelay: 10 } });
  goesOn(ranges, 8);
  same(links, 1);
});

test("a download that is cut under a service that hides the range and the tag goes on", async () => {
  const cut = { match: { ...link, nth: [1, 2] }, do: { cutAfter: MIB, hide: ["content-range", "etag"] } };
  const hidden = { match: link, do: { hide: ["content-range", "etag"] } };
  goesOn((await downloads([cut, hidden])).ranges, 3);
});

test("a download that stands still goes on where it stood", async () => {
  const hang = { match: { ...link, nth: [1] }, do: { hangAfter: MIB } };
  const { ranges } = await downloads([hang], { stallTimeout: 1500 });
  goesOn(ranges);
});

for (const [what, how] of [["is refused with 403", { status: 403 }], ["is refused with 404", { status: 404 }],
  ["is refused with 410", { status: 410 }], ["is refused with 401", { status: 401 }],
  ["is refused, which CORS hides,", { status: 403, hideCors: true }]]) {
  test(`a download's link that ${what} in the middle is asked for anew, and what came stays`, async () => {
    // Each link serves once.
    const rules = [1, 2, 3].map(() => [{ match: { ...link, nth: [1] }, do: { cutAfter: 500_000 } }, { match: { ...link, nth: [1] }, do: how }]);
    const { ranges, links } = await downloads(rules.flat());
    goesOn(ranges, 6);
    ok(links >= 4, `${links} links`);
  });
}

test("a fresh link that is refused costs a download a try, and the last refusal is told", async () => {
  const service = await scenario();
  const bucket = await service.open({ retry: { attempts: 3, baseDelay: 1, maxDelay: 2 } });
  const { key } = await bucket.upload(file(9)).done;
  for (const [status, code] of [[403, "refused"], [401, "refused"], [404, "not-found"]]) {
    await rule(service, bucket, key, [{ match: link, do: { status } }]);
    await fails(bucket.download(key), code);
    same((await fetches(service)).length, 3);
  }
  await rule(service, bucket, key, [{ match: { ...link, nth: [1, 2] }, do: { status: 403 } }]);
  same(await sha256(await bucket.download(key)), await sha256(file(9)));
  const stubborn = await service.open({ retry: false });
  await rule(service, bucket, key, [{ match: link, do: { status: 403 } }]);
  await fails(stubborn.download(key), "refused");
  same((await fetches(service)).length, 1);
});

test("where a service gives the whole file for a range, a download begins again", async () => {
  const cut = { match: { ...link, nth: [1] }, do: { cutAfter: MIB } };
  const { ranges } = await downloads([cut, { match: link, do: { range: "" } }]);
  same(ranges.length, 2);
  ok(start(ranges[1]) > 0, `it asked for ${ranges[1]}`);
});

for (const [what, how] of [
  ["another part", { range: "bytes=5-" }],
  ["another part, whose range is hidden", { range: "bytes=5-", hide: ["content-range", "etag"] }],
  ["a part of another file", { headers: { "Content-Range": `bytes 1048576-${SIZE}/${SIZE + 1}` } }],
  ["a part that begins elsewhere", { headers: { "Content-Range": `bytes 0-${SIZE - 1}/${SIZE}` } }],
  ["a range that is none", { headers: { "Content-Range": "nothing" } }],
  ["another copy", { headers: { ETag: '"another"' } }],
  ["416", { status: 416 }],
]) {
  test(`${what} is not taken for the rest: the download begins again`, async () => {
    const cut = { match: { ...link, nth: [1] }, do: { cutAfter: MIB } };
    const wrong = { match: { ...link, nth: [1] }, do: how };
    const { ranges } = await downloads([cut, wrong]);
    same(ranges.length, 3);
    ok(start(ranges[1]) > 0, `it asked for ${ranges[1]}`);
    same(ranges[2], null);
  });
}

test("where each answer to a range is wrong, a download asks for no other", async () => {
  const wrong = { match: link, do: { range: "bytes=5-" } };
  const cut = (bytes) => ({ match: { ...link, nth: [1] }, do: { cutAfter: bytes } });
  const one = { match: { ...link, nth: [1] }, do: { range: "bytes=5-" } };
  const { ranges } = await downloads([cut(MIB), one, cut(MIB + 1), one, cut(MIB + 2), { match: link, do: {} }, wrong]);
  same(ranges.map((range) => range === null), [true, false, true, false, true, true]);
});

test("where a range gets no answer, the last try of a download is for the whole file", async () => {
  const service = await scenario();
  const retry = { attempts: 3, baseDelay: 5, maxDelay: 10 };
  const bucket = await service.open({ retry });
  const sent = file(SIZE);
  const { key } = await bucket.upload(sent).done;
  await rule(service, bucket, key, [MIB, 2 * MIB].map((bytes) => ({ match: { ...link, nth: [1] }, do: { cutAfter: bytes } })));
  // As an engine does that asks the service first, which refuses.
  const real = globalThis.fetch;
  let refused = 0;
  globalThis.fetch = (asked, init) => {
    if (!new Request(asked, init).headers.has("Range")) return real(asked, init);
    refused++;
    return Promise.reject(new TypeError("preflight"));
  };
  try {
    same(await sha256(await bucket.download(key)), await sha256(sent));
  } finally {
    globalThis.fetch = real;
  }
  same(refused, 1);
});

test("a download that breaks at its last byte needs no other request", async () => {
  const { ranges } = await downloads([{ match: { ...link, nth: [1] }, do: { cutAfter: SIZE } }]);
  same(ranges, [null]);
});

test("a download of an empty file ends well, and one that is shorter or longer than it should be does not", async () => {
  const service = await scenario();
  const bucket = await service.open({ retry: { attempts: 3, baseDelay: 1, maxDelay: 2 } });
  const { key } = await bucket.upload(file(0)).done;
  same((await bucket.download(key)).size, 0);
  for (const body of ["a", "abcdefgh", "abcdefghij"]) {
    const nine = { match: { path: "/v1/buckets/file/" }, do: { rewriteJson: { originalSizeInBytes: 9 } } };
    await rule(service, bucket, key, [{ match: link, do: { status: 200, body } }, nine]);
    const error = await fails((await service.open()).download(key), "integrity");
    same(error.retryable, false);
  }
});
