// Going on after the page, or the bucket, went away; and one page at a time.

import { aborts, fails, ok, same, sleep, test, until } from "./test.js";
import { MIB, bytes, calls, engine, file, scenario, sha256 } from "./service.js";

const PART = 5 * MIB;
const put = { method: "PUT" };
const slow = [{ match: put, do: { delayMs: 250 } }];

const puts = async (service) => (await service.log()).filter(({ method }) => method === "PUT");
const starts = async (service) => calls(await service.log()).filter((call) => call === "POST /buckets").length;

/** A session with an upload of six parts that stopped when at least two were stored. */
async function stopped(options = {}) {
  const service = await scenario(slow);
  const bucket = await service.open({ partSize: PART, parallel: 2, ...options });
  const sent = file(6 * PART, `canary-${service.sessionId.slice(0, 4)}.bin`);
  const upload = bucket.upload(sent);
  await until(() => upload.progress.partsDone >= 2, "two parts");
  return { service, bucket, sent, upload };
}

/** The same, and its bucket closed and opened again; `stored` bytes are there. */
async function openedAgain() {
  const { service, bucket, sent, upload } = await stopped();
  bucket.close();
  await aborts(upload.done);
  const again = await service.open({ partSize: PART });
  const [{ stored }] = await again.unfinished();
  return { again, sent, upload, stored };
}

test("an upload goes on where a closed bucket left it", async () => {
  const { service, bucket, sent, upload } = await stopped();
  bucket.close();
  await aborts(upload.done);
  const again = await service.open({ partSize: PART });
  const [left, ...others] = await again.unfinished();
  same([left.key, left.name, left.size, others.length], [upload.key, sent.name, sent.size, 0]);
  ok(left.stored >= 2 * PART && left.stored < sent.size, `${left.stored} bytes are stored`);
  ok(Math.abs(left.startedAt - Date.now()) < 60_000, "it began just now");
  const second = again.upload(sent);
  const { key } = await second.done;
  same([key, second.progress.resumedFrom], [upload.key, left.stored]);
  same([await starts(service), (await again.list()).length], [1, 1]);
  const stored = (await puts(service)).filter(({ status }) => status === 200).length;
  ok(stored <= 6 + 2, `${stored} parts were stored`);
  same(await sha256(await again.download(key)), await sha256(sent));
  same(await again.unfinished(), []);
  const third = again.upload(sent);
  ok((await third.done).key !== key, "what is done is not gone on with");
});

test("a changed part size goes on with the old one", async () => {
  const { service, bucket, sent } = await stopped();
  bucket.close();
  const again = await service.open({ partSize: 8 * MIB });
  const upload = again.upload(sent);
  const { key } = await upload.done;
  same(upload.progress.parts, 6);
  same(await sha256(await again.download(key)), await sha256(sent));
});

test("another file of the same name, size and time is another file", async () => {
  const { service, bucket, sent, upload } = await stopped();
  bucket.close();
  const again = await service.open({ partSize: PART });
  const other = new File([bytes(sent.size, 12345)], sent.name, { type: sent.type, lastModified: sent.lastModified });
  const second = again.upload(other);
  const { key } = await second.done;
  ok(key !== upload.key, "it was taken for the first");
  same(second.progress.resumedFrom, 0);
  same((await again.unfinished()).length, 1);
});

test("a file that changed within a part that is stored is sent as it is now", async () => {
  const { again, sent, stored } = await openedAgain();
  // Within no sample, and neither size nor date tells.
  const content = new Uint8Array(await sent.arrayBuffer());
  content[700_003] ^= 1;
  const changed = new File([content], sent.name, { type: sent.type, lastModified: sent.lastModified });
  const second = again.upload(changed);
  const { key } = await second.done;
  ok(second.progress.resumedFrom < stored, "the part that changed was taken as it was");
  same(await sha256(await again.download(key)), await sha256(changed));
  ok(second.progress.resumedFrom > 0, "a part that is the same was sent again");
});

test("a file that another date was given goes on where it was", async () => {
  const { again, sent, upload, stored } = await openedAgain();
  const picked = new File([sent], sent.name, { type: sent.type, lastModified: sent.lastModified + 86_400_000 });
  const second = again.upload(picked);
  const { key } = await second.done;
  same([key, second.progress.resumedFrom], [upload.key, stored]);
  same(await sha256(await again.download(key)), await sha256(sent));
});

test("an aborted upload that is kept can be gone on with, or forgotten", async () => {
  const { service, bucket, sent, upload } = await stopped();
  await upload.abort({ keep: true });
  await aborts(upload.done);
  same((await bucket.unfinished()).map(({ key }) => key), [upload.key]);
  await bucket.forget(upload.key);
  same([await bucket.unfinished(), await bucket.list()], [[], []]);
  await bucket.forget(upload.key);
  const second = bucket.upload(sent);
  await second.done;
  same(second.progress.resumedFrom, 0);
  await fails(bucket.forget(".."), "invalid-option");
});

test("what a page that died in its start left is removed", async () => {
  const begin = { method: "POST", path: "/v1/buckets$" };
  const service = await scenario([{ match: { ...begin, nth: [1] }, do: { hang: "after" } }]);
  const first = await service.open();
  const sent = file(3);
  first.upload(sent);
  const bucket = await service.open();
  await until(async () => (await bucket.list()).length === 1, "an unfinished file");
  first.close();
  same(await bucket.unfinished(), []);
  const { key } = await bucket.upload(sent).done;
  same((await bucket.list()).map((entry) => [entry.key, entry.completed]), [[key, true]]);
  same(await bucket.unfinished(), []);
});

test("an upload that runs can be forgotten", async () => {
  const { bucket, upload } = await stopped();
  await bucket.forget(upload.key);
  same([await bucket.list(), await bucket.unfinished(), upload.state], [[], [], "aborted"]);
  await aborts(upload.done);
});

test("an aborted upload leaves nothing to go on with", async () => {
  const { bucket, upload } = await stopped();
  await upload.abort();
  same([await bucket.unfinished(), await bucket.list()], [[], []]);
});

test("what the bucket no longer has begins anew", async () => {
  const { service, bucket, sent, upload } = await stopped();
  await upload.abort({ keep: true });
  await bucket.remove(upload.key);
  const second = bucket.upload(sent);
  const { key } = await second.done;
  same(second.progress.resumedFrom, 0);
  same(await sha256(await bucket.download(key)), await sha256(sent));
  same((await bucket.list()).length, 1);
  bucket.close();
  await fails(bucket.unfinished(), "closed");
  await fails((await service.open()).file(upload.key), "not-found");
});

test("another session finds nothing", async () => {
  const { bucket } = await stopped();
  bucket.close();
  const other = await scenario();
  same(await (await other.open()).unfinished(), []);
});

test("with resume: false nothing is kept", async () => {
  const { service, bucket, sent } = await stopped({ resume: false });
  bucket.close();
  const again = await service.open({ partSize: PART });
  same(await again.unfinished(), []);
  const upload = again.upload(sent);
  await upload.done;
  same(upload.progress.resumedFrom, 0);
});

test("nothing that is kept can be read without the session ID", async () => {
  const { service, bucket, sent, upload } = await stopped();
  const list = await (await fetch(`${service.endpoint}/buckets`, { headers: { Authorization: `Bearer ${service.token}` } })).json();
  const secrets = [service.sessionId, service.token, sent.name, upload.key, list[0].fileName, "canary"];
  const found = await dump();
  ok(found.length > 1000, `only ${found.length} characters are kept`);
  for (const secret of secrets) ok(!found.includes(secret), "a secret is kept in the clear");
  bucket.close();
});

/** Everything in every database of this origin, as text; bytes as Latin-1. */
async function dump() {
  const texts = [];
  const text = (value) => {
    if (value instanceof ArrayBuffer) return text(new Uint8Array(value));
    if (ArrayBuffer.isView(value)) return Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), (byte) => String.fromCharCode(byte)).join("");
    if (Array.isArray(value)) return value.map(text).join("\n");
    if (value !== null && typeof value === "object") return Object.entries(value).map(text).join("\n");
    return String(value);
  };
  const of = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
  for (const { name } of await indexedDB.databases()) {
    const database = await of(indexedDB.open(name));
    texts.push(name);
    for (const store of database.objectStoreNames) {
      const objects = database.transaction(store).objectStore(store);
      texts.push(store, text(await of(objects.getAllKeys())), text(await of(objects.getAll())));
    }
    database.close();
  }
  texts.push(JSON.stringify(localStorage), JSON.stringify(sessionStorage));
  return texts.join("\n");
}

/** The rows of unfinished uploads, of every session. */
async function rows() {
  const of = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
  if (!(await indexedDB.databases()).some(({ name }) => name === "partway")) return 0;
  const database = await of(indexedDB.open("partway"));
  const found = [];
  for (const store of database.objectStoreNames) found.push(...(await of(database.transaction(store).objectStore(store).getAllKeys())));
  database.close();
  return found.length;
}

test("under a session ID that can be guessed nothing is kept, unless that is asked for", async () => {
  // 19.9 and 36.2 bits, and 41.4.
  for (const [sessionId, resume, isKept] of [["482913", undefined, false], ["k7q2m9x", undefined, false], ["482913", false, false],
    ["482913", true, true], ["k7q2m9xz", undefined, true]]) {
    const before = await rows();
    const { bucket, upload } = await stopped({ sessionId, ...(resume !== undefined && { resume }) });
    const what = `${sessionId}, resume ${resume}`;
    same((await rows()) > before, isKept, `${what}: rows while it is sent`);
    bucket.close();
    await aborts(upload.done);
    same((await rows()) > before, isKept, `${what}: rows that are left`);
  }
});

test("of two pages one sends, and the other follows", async () => {
  const service = await scenario(slow);
  const options = { partSize: PART, parallel: 2 };
  const [first, second] = [await service.open(options), await service.open(options)];
  const sent = file(6 * PART);
  const one = first.upload(sent);
  await until(() => one.progress.partsDone >= 1, "a part");
  const seen = [];
  const two = second.upload(sent, { onProgress: ({ sent }) => seen.push(sent) });
  const [a, b] = await Promise.all([one.done, two.done]);
  same(a.key, b.key);
  same([b.name, b.completed, b.size], [sent.name, true, sent.size]);
  ok(seen.length > 2 && seen.every((value, place) => place === 0 || value >= seen[place - 1]), `followed: ${seen}`);
  same([await starts(service), (await puts(service)).length, (await first.list()).length], [1, 6, 1]);
});

test("the page that follows takes over when the other goes away", async () => {
  const service = await scenario(slow);
  const options = { partSize: PART, parallel: 2 };
  const [first, second] = [await service.open(options), await service.open(options)];
  const sent = file(6 * PART);
  const one = first.upload(sent);
  await until(() => one.progress.partsDone >= 1, "a part");
  const two = second.upload(sent);
  await until(() => two.progress.sent > 0, "news of the first");
  first.close();
  const { key } = await two.done;
  same(key, one.key);
  ok(two.progress.resumedFrom >= PART, `it went on from ${two.progress.resumedFrom}`);
  same([await starts(service), (await second.list()).length], [1, 1]);
  same(await sha256(await second.download(key)), await sha256(sent));
});

test("a page that has no token lets one go on that has", async () => {
  const service = await scenario([{ match: { ...put, nth: [3] }, do: { expireTokens: true } }, ...slow]);
  let asked = 0;
  const token = () => {
    if (asked++ > 0) throw new Error("the identity service is down");
    return service.token;
  };
  const options = { partSize: PART, parallel: 2 };
  const first = await service.open({ ...options, token });
  const sent = file(6 * PART);
  const one = first.upload(sent);
  await until(() => one.state === "waiting", "the token to be missed");
  const second = await service.open({ ...options, token: await service.join() });
  const two = second.upload(sent);
  const [{ key }, other] = await Promise.all([two.done, one.done]);
  same([other.key, other.completed], [key, true]);
  ok(two.progress.resumedFrom >= PART, `it went on from ${two.progress.resumedFrom}`);
  const stored = (await puts(service)).filter(({ acted }) => acted === 200).length;
  same([await starts(service), stored, (await second.list()).length], [1, 6, 1]);
  same(await sha256(await second.download(key)), await sha256(sent));
});

test("an upload that is paused on one page goes on where it is picked again", async () => {
  const { service, sent, upload } = await stopped();
  upload.pause();
  const second = await service.open({ partSize: PART });
  const again = second.upload(sent);
  const { key } = await again.done;
  await upload.done;
  same([upload.key, upload.state, await starts(service)], [key, "done", 1]);
  ok(again.progress.resumedFrom >= 2 * PART, `it went on from ${again.progress.resumedFrom}`);
  same(await sha256(await second.download(key)), await sha256(sent));
});

test("a file picked twice on one page is two files", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const sent = file(1000);
  const [one, two] = await Promise.all([bucket.upload(sent).done, bucket.upload(sent).done]);
  ok(one.key !== two.key, "they are one");
});

/** A file in the origin's private file system, which can change under the upload's hands. */
async function stored(name, content) {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(name, { create: true });
  const write = async (content) => {
    const stream = await handle.createWritable();
    await stream.write(content);
    await stream.close();
  };
  await write(content);
  return { handle, write };
}

// WebKitGTK has no createWritable, so no file here can be changed by a page.
if (typeof FileSystemFileHandle !== "undefined" && "createWritable" in FileSystemFileHandle.prototype) {
  test("a file that changes while it is uploaded is not completed", async () => {
    const { handle, write } = await stored("changing.bin", bytes(6 * PART, 3));
    const service = await scenario(slow);
    // Firefox leaves the parts on their way standing still.
    const retry = { attempts: 20, baseDelay: 20, maxDelay: 200 };
    const bucket = await service.open({ partSize: PART, parallel: 2, stallTimeout: 2000, retry });
    const upload = bucket.upload(await handle.getFile());
    await until(() => upload.progress.partsDone >= 1, "a part");
    // However long the writing takes, the rest is not stored before.
    await service.rules([{ match: put, do: { status: 503, headers: { "Retry-After": "1" } } }]);
    await write(bytes(6 * PART, 4));
    await service.rules(slow);
    await fails(upload.done, "file-changed");
    await upload.abort();
    await until(async () => (await bucket.list()).length === 0, "what was stored to be removed");
    same(calls(await service.log()).filter((call) => call.includes("complete")), []);
    same(await bucket.unfinished(), []);
  });
}

if (engine === "chromium") {
  test("a file goes on from its handle, and not where it changed or has none", async () => {
    const content = bytes(6 * PART, 9);
    const { handle, write } = await stored("picked.bin", content);
    const service = await scenario(slow);
    const first = await service.open({ partSize: PART, parallel: 2 });
    const one = first.upload(await handle.getFile(), { handle });
    await until(() => one.progress.partsDone >= 2, "two parts");
    first.close();
    const second = await service.open({ partSize: PART });
    const [left] = await second.unfinished();
    const states = [];
    const two = await left.reopen({ onState: (state) => states.push(state) });
    same((await two.done).key, one.key);
    ok(two.progress.resumedFrom >= 2 * PART && states.at(-1) === "done", `from ${two.progress.resumedFrom}: ${states}`);

    const three = second.upload(await handle.getFile(), { handle });
    await until(() => three.progress.partsDone >= 1, "a part");
    await three.abort({ keep: true });
    await write(bytes(6 * PART, 10));
    const [changed] = await second.unfinished();
    await fails(changed.reopen(), "file-changed");

    // The same private file, as if the person had to be asked.
    const { queryPermission, requestPermission } = FileSystemHandle.prototype;
    try {
      const asked = [];
      const answers = ["denied", "granted"];
      FileSystemHandle.prototype.queryPermission = async ({ mode }) => (asked.push(`query ${mode}`), "prompt");
      FileSystemHandle.prototype.requestPermission = async ({ mode }) => (asked.push(`request ${mode}`), answers.shift());
      await fails(changed.reopen(), "invalid-file");
      await fails(changed.reopen(), "file-changed");
      same(asked, ["query read", "request read", "query read", "request read"]);
    } finally {
      Object.assign(FileSystemHandle.prototype, { queryPermission, requestPermission });
    }

    const four = second.upload(file(6 * PART, "no-handle.bin"));
    await until(() => four.progress.partsDone >= 1, "a part");
    await four.abort({ keep: true });
    const none = (await second.unfinished()).find(({ name }) => name === "no-handle.bin");
    await fails(none.reopen(), "invalid-file");
    await fails(none.reopen({ nonsense: 1 }), "invalid-option");
  });
}

test("a handle that gives no files is refused", async () => {
  const bucket = await (await scenario()).open();
  for (const handle of [5, "x", {}, null]) {
    let error;
    try {
      bucket.upload(file(1), { handle });
    } catch (thrown) {
      error = thrown;
    }
    ok(error?.code === "invalid-option" && error.message.startsWith("handle"), `${handle}: ${error}`);
  }
  await sleep(0);
});
