// Answers that are not what the API says.

import { fails, ok, same, test } from "./test.js";
import { MIB, elsewhere, file, scenario } from "./service.js";

const start = { method: "POST", path: "^/v1/buckets$" };
const put = { method: "PUT" };
const html = { status: 200, headers: { "Content-Type": "text/html" }, body: "<!doctype html><p>Welcome to the airport" };

async function upload(rule, size = 3, options = {}) {
  const service = await scenario([rule]);
  const bucket = await service.open();
  return bucket.upload(file(size), options).done;
}

test("a page instead of an answer is a protocol error", async () => {
  await fails(upload({ match: start, do: html }), "protocol");
  for (const options of [{}, { onProgress() {} }]) await fails(upload({ match: put, do: html }, 3, options), "protocol");
  for (const [path, call] of [["^/v1/buckets$", "list"], ["^/v1/session/current$", "rules"], ["/v1/buckets/file/", "file"],
    ["/v1/buckets/download/", "downloadUrl"]]) {
    const service = await scenario([{ match: { method: "GET", path }, do: html }]);
    const bucket = await service.open();
    const error = await fails(call === "list" || call === "rules" ? bucket[call]() : bucket[call]("key"), "protocol");
    ok(!error.message.includes("airport"), "the answer is not in the message");
  }
});

test("a completion answered with a page is asked about", async () => {
  const rule = { match: { method: "POST", path: "^/v1/buckets/complete$" }, do: html };
  await fails(upload(rule), "protocol");
});

for (const [what, body] of [["no uploadId", { fileKey: "k" }], ["no fileKey", { uploadId: "u" }],
  ["a key of dots", { uploadId: "u", fileKey: ".." }], ["an uploadId with a line break", { uploadId: "a\r\nb: c", fileKey: "k" }],
  ["numbers", { uploadId: 1, fileKey: 2 }], ["nothing", null]]) {
  test(`a start answered with ${what} is a protocol error`, async () => {
    await fails(upload({ match: start, do: { status: 200, body: JSON.stringify(body) } }), "protocol");
  });
}

test("a part answered with another number, or without a tag, is a protocol error", async () => {
  for (const body of [{ tag: "t", partNumber: 2 }, { partNumber: 1 }, { tag: "", partNumber: 1 }, { tag: null, partNumber: 1 }]) {
    for (const options of [{}, { onProgress() {} }]) {
      await fails(upload({ match: put, do: { status: 200, body: JSON.stringify(body) } }, 3, options), "protocol");
    }
  }
});

test("a gigabyte of JSON is not read", async () => {
  const huge = { status: 200, headers: { "Content-Type": "application/json" }, bodyRepeat: ['{"a":"', 150_000_000] };
  const began = performance.now();
  for (const options of [{}, { onProgress() {} }]) await fails(upload({ match: put, do: huge }, 3, options), "protocol");
  await fails(upload({ match: start, do: huge }), "protocol");
  const service = await scenario([{ match: { method: "GET" }, do: huge }]);
  await fails((await service.open()).list(), "protocol");
  ok(performance.now() - began < 30_000, "it was read");
});

test("deep nesting is refused", async () => {
  const service = await scenario([{ match: { method: "GET" }, do: { status: 200, bodyRepeat: ["[", 60_000] } }]);
  await fails((await service.open()).list(), "protocol");
});

test("entries with odd fields do not spoil the list", async () => {
  const body = JSON.stringify([
    { fileKey: "a", fileName: null, completed: true, totalParts: 1, originalSizeInBytes: 1, extra: { x: 1 } },
    { fileKey: "b", fileName: "pw1.broken", completed: false, totalParts: 1, originalSizeInBytes: 2 },
    { fileKey: "c", fileName: "\u0000\u0007" },
    { fileKey: "d", fileName: "x".repeat(100_000) },
    { fileKey: "__proto__", fileName: "y" },
  ]).replace('"y"', '"y","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}');
  const service = await scenario([{ match: { method: "GET" }, do: { status: 200, body } }]);
  const list = await (await service.open()).list();
  same(list.map(({ key, name, nameScheme, nameAuthenticated }) => [key, name, nameScheme, nameAuthenticated]), [
    ["a", null, null, false], ["b", null, null, false], ["c", "\u0000\u0007", "plain", false], ["d", null, null, false],
    ["__proto__", "y", "plain", false],
  ]);
  same(({}).polluted, undefined);
});

test("a redirect is not followed to another origin", async () => {
  await fetch(`${elsewhere}/log`, { method: "DELETE" });
  const moved = (match) => [307, 308, 301, 302, 303].map((status) => ({ match, do: { status, redirect: `${elsewhere}/sink` } }));
  for (const match of [start, put, { method: "GET" }, { method: "DELETE" }]) {
    for (const rule of moved(match)) {
      const service = await scenario([rule]);
      const bucket = await service.open({ retry: false, apiKey: "secret-key" });
      const refused = async (promise) => {
        const error = await promise.then(() => undefined, (error) => error);
        ok(error?.code === "network" || error?.code === "protocol", `it ended in ${error?.code ?? "success"}`);
      };
      if (match.method === "GET") await refused(bucket.list());
      else if (match.method === "DELETE") await refused(bucket.remove("key"));
      else {
        await refused(bucket.upload(file(3)).done);
        await refused(bucket.upload(file(3), { onProgress: () => {} }).done);
      }
    }
  }
  same(await (await fetch(`${elsewhere}/log`)).json(), [], "elsewhere heard something");
});

test("an API key goes with each part, and with nothing that may be redirected unseen", async () => {
  const service = await scenario();
  const bucket = await service.open({ apiKey: "secret-key", partSize: 5 * MIB });
  const real = XMLHttpRequest.prototype.send;
  let sent = 0;
  XMLHttpRequest.prototype.send = function (...body) {
    sent++;
    return real.apply(this, body);
  };
  try {
    const told = [];
    const { completed } = await bucket.upload(file(11 * MIB), { onProgress: ({ sent }) => told.push(sent) }).done;
    ok(completed && told.at(-1) === 11 * MIB, "it is stored, and its progress told");
  } finally {
    XMLHttpRequest.prototype.send = real;
  }
  same(sent, 0, "requests by XMLHttpRequest");
  const keys = (await service.log()).map(({ headers }) => headers["x-api-key"]);
  ok(keys.length >= 5 && keys.every((key) => key !== undefined), `keys: ${keys}`);
});

test("a hostile download link is not followed", async () => {
  for (const link of ["javascript:alert(1)", "data:text/html,x", "blob:http://x/y", "http://example.com/x", "//x/y", "/relative",
    "file:///etc/passwd", "not a link", "", `https://user:pass@example.com/`]) {
    const service = await scenario([{ match: { path: "/v1/buckets/download/" }, do: { status: 200, body: JSON.stringify({ url: link }) } }]);
    const bucket = await service.open();
    await fails(bucket.downloadUrl("key"), "protocol");
  }
});

test("a download of another length is an integrity error", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const { key } = await bucket.upload(file(MIB)).done;
  for (const size of [MIB - 1, MIB + 1]) {
    const lying = await service.open();
    await service.rules([{ match: { path: "/v1/buckets/file/" }, do: { rewriteJson: { originalSizeInBytes: size } } }]);
    await fails(lying.download(key), "integrity");
  }
});
