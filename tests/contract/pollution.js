// A page whose `Object.prototype` bears properties, by a fault of its own or of a library's: every object that was not
// given them seems to have them. Nothing of that may reach a request, a name or what is kept.

import { openBucket } from "/pkg/partway.js";
import { ok, same, test, until } from "./test.js";
import { MIB, bytes, file, scenario } from "./service.js";

/** What each name would do, were it believed. */
const POLLUTION = {
  // Options.
  endpoint: "https://elsewhere.example/v1", token: "stolen", sessionId: "stolen", apiKey: "stolen", names: "plain",
  partSize: 6 * MIB, parallel: 1, retry: false, stallTimeout: 1, resume: false, rules: { maxFiles: 0 }, attempts: 1,
  baseDelay: 86_400_000, maxDelay: 86_400_000, maxFiles: 0, maxTotalMegaBytes: 0, expiry: 1, name: "polluted.txt",
  handle: { getFile: () => new File(["x"], "x") }, onProgress: "no function", onState: "no function", keep: true,
  // What the browser reads of a request, a Blob, a listener, a lock, a transaction.
  method: "DELETE", body: "polluted", headers: { "X-API-KEY": "stolen" }, mode: "no-cors", credentials: "include",
  cache: "force-cache", redirect: "follow", referrer: "/polluted", referrerPolicy: "unsafe-url", integrity: "sha256-AAAA",
  keepalive: true, signal: AbortSignal.abort(), window: null, duplex: "half", priority: "low", type: "text/polluted",
  endings: "native", once: true, capture: true, passive: true, ifAvailable: true, steal: true, durability: "relaxed",
  keyPath: "polluted", autoIncrement: true, unique: true, multiEntry: true, transfer: [],
  // What is read of messages, rows and answers.
  identity: "polluted", wanted: true, ping: true, sent: 1, partsDone: 1, key: "polluted", ended: "done", sealed: bytes(40),
  expires: 1, owner: 1, until: Date.now() + 60_000, url: "https://elsewhere.example/", href: "https://elsewhere.example/",
  size: 1, lastModified: 1, webkitRelativePath: "polluted/path", getReader: () => null, aborted: true, status: 500,
  redirected: true, bodyUsed: true, done: true, persisted: true, from: " from elsewhere", isMoved: true, cause: "polluted",
};

/** The page whose prototype is polluted. */
async function frame() {
  const made = document.createElement("iframe");
  made.src = "polluted.html";
  document.body.append(made);
  await until(() => made.contentWindow.polluted, "the frame");
  return made;
}

/** The same in a new session under `properties`, with the requests that came. */
async function seen(page, properties) {
  const service = await scenario();
  const options = { endpoint: service.endpoint, token: service.token, sessionId: service.sessionId };
  const result = await page.contentWindow.polluted(properties, options);
  const requests = (await service.log()).map(({ method, path, headers }) => {
    const sent = Object.keys(headers).filter((name) => name !== "priority").sort();
    return [method, path.replace(/[^/]{20,}/g, "…"), sent, headers["content-length"] ?? headers["cookie"] ?? ""].join(" ");
  });
  return { result, requests: [...new Set(requests)].sort() };
}

const alone = Object.entries(POLLUTION).map(([name, value]) => ({ [name]: value }));
const QUARTER = Math.ceil(alone.length / 4);

for (const [what, cases] of [
  ...[1, 2, 3, 4].map((nth) =>
    [`whichever option or member it bears (${nth} of 4)`, alone.slice((nth - 1) * QUARTER, nth * QUARTER)]),
  ["though it bears every option and member", [POLLUTION]],
]) {
  test(`a polluted prototype changes nothing, ${what}`, async () => {
    const page = await frame();
    try {
      ok(cases.length > 0, "something to bear");
      const usual = await seen(page, {});
      for (const properties of cases) {
        const [name] = Object.keys(properties);
        const found = await seen(page, properties).catch(({ message }) => ({ message }));
        same(found, usual, `Object.prototype.${name} and ${Object.keys(properties).length - 1} others`);
      }
    } finally {
      page.remove();
    }
  });
}

test("options may come from accessors of a class, and from a prototype of the page's own", async () => {
  const service = await scenario();
  class Options {
    get endpoint() {
      return service.endpoint;
    }
    get token() {
      return service.token;
    }
    get sessionId() {
      return service.sessionId;
    }
  }
  for (const options of [new Options(), Object.create(new Options()), Object.assign(Object.create(null), {
    endpoint: service.endpoint, token: service.token, sessionId: service.sessionId,
  })]) {
    const bucket = await openBucket(options);
    ok((await bucket.upload(file(10)).done).completed, "it is stored");
    bucket.close();
  }
});
