// No network, no movement, no token, no answer.

import { fails, ok, same, sleep, test, until } from "./test.js";
import { MIB, calls, file, scenario, sha256 } from "./service.js";

const PART = 5 * MIB;
const start = { method: "POST", path: "/v1/buckets$" };
const put = { method: "PUT" };
const complete = { method: "POST", path: "/v1/buckets/complete$" };
const slow = [{ match: put, do: { delayMs: 250 } }];
const still = { delayMs: 60_000 };

/** Makes the browser collect its garbage, as no function of a page does. */
async function collectGarbage() {
  for (const end = performance.now() + 4000; performance.now() < end; await sleep(10)) {
    Array.from({ length: 200_000 }, (_, place) => ({ place: [place] }));
  }
}

test("offline an upload waits, sends nothing, and goes on within a second", async () => {
  const service = await scenario(slow);
  const bucket = await service.open({ partSize: PART, parallel: 2, retry: false });
  const upload = bucket.upload(file(6 * PART));
  await until(() => upload.progress.partsDone >= 1, "a part");
  window.dispatchEvent(new Event("offline"));
  same(upload.state, "waiting");
  await sleep(600);
  const before = (await service.log()).length;
  await sleep(1000);
  same([upload.state, (await service.log()).length], ["waiting", before]);
  window.dispatchEvent(new Event("online"));
  await until(async () => (await service.log()).length > before, "another request", 1000);
  await upload.done;
});

test("picked before there is a network, an upload waits, and starts within a second of it", async () => {
  const service = await scenario([{ match: {}, do: { drop: "before" } }]);
  Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
  try {
    const states = [];
    const bucket = await service.open({ retry: { attempts: 2, baseDelay: 3_600_000, maxDelay: 3_600_000 } });
    const upload = bucket.upload(file(3), { onState: (state) => states.push(state) });
    await until(() => states.length > 0, "a state");
    await sleep(500);
    same([states, upload.state], [["waiting"], "waiting"]);
    await service.rules([]);
    const before = (await service.log()).length;
    delete navigator.onLine;
    window.dispatchEvent(new Event("online"));
    await until(async () => (await service.log()).length > before, "a request", 1000);
    await upload.done;
  } finally {
    delete navigator.onLine;
  }
});

test("what is given up gives its connection back, however long ago it was sent", async () => {
  // A browser opens six connections to a service.
  const service = await scenario([{ match: put, do: { hang: "before" } }]);
  const send = async (size) => {
    const bucket = await service.open({ stallTimeout: 60_000 });
    const upload = bucket.upload(file(size));
    await until(() => upload.state === "uploading", "an upload to begin");
    return upload;
  };
  const uploads = [];
  for (let size = 1; size <= 6; size++) uploads.push(await send(size));
  await collectGarbage();
  uploads.forEach((upload) => upload.pause());
  let heard = false;
  service.rules([]).then(() => (heard = true), () => {});
  await until(() => heard, "a connection");
  uploads.forEach((upload) => upload.resume());
  await Promise.all(uploads.map(({ done }) => done));
});

test("a service that answers nothing is waited for, and no try is spent", async () => {
  const service = await scenario(slow);
  const bucket = await service.open({ partSize: PART, parallel: 2, retry: false });
  const sent = file(6 * PART);
  const upload = bucket.upload(sent);
  await until(() => upload.progress.partsDone >= 1, "a part");
  await service.rules([{ match: {}, do: { drop: "before" } }]);
  await until(() => upload.state === "waiting", "the service to be missed");
  await sleep(2500);
  same(upload.state, "waiting");
  await service.rules([]);
  await until(() => upload.state !== "waiting", "the service to be seen", 1500);
  const { key } = await upload.done;
  same(await sha256(await bucket.download(key)), await sha256(sent));
});

test("a service that never answered anything is not waited for", async () => {
  const service = await scenario([{ match: {}, do: { drop: "before" } }]);
  const bucket = await service.open({ retry: { attempts: 2, baseDelay: 10 } });
  await fails(bucket.upload(file(3)).done, "network");
});

test("a call waits for the network, and no try is spent", async () => {
  const service = await scenario([{ match: {}, do: { drop: "before" } }]);
  Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
  try {
    const bucket = await service.open({ retry: false });
    const list = bucket.list();
    await sleep(500);
    await service.rules([]);
    delete navigator.onLine;
    window.dispatchEvent(new Event("online"));
    same(await list, []);
  } finally {
    delete navigator.onLine;
  }
});

test("a file whose parts are slow holds no other back", async () => {
  const service = await scenario([{ match: put, do: { delayMs: 20_000 } }]);
  const bucket = await service.open({ partSize: PART, parallel: 4 });
  const slowFile = bucket.upload(file(6 * PART));
  await until(async () => calls(await service.log()).filter((call) => call === "PUT /buckets").length >= 2, "two parts");
  // By their turn alone they could not be told apart: a browser may send a part again by itself.
  await service.rules([]);
  for (const size of [3, PART]) await bucket.upload(file(size)).done;
  // What was quick makes room for more of its parts, but the first two have no answer yet.
  ok(slowFile.state === "uploading" && slowFile.progress.partsDone <= 4, `${slowFile.progress.partsDone} parts of 6`);
  await slowFile.abort();
  await slowFile.done.catch(() => {});
});

test("a page that is busy calls nothing stalled", async () => {
  const service = await scenario([{ match: put, do: { delayMs: 300 } }]);
  for (const options of [{}, { onProgress() {} }]) {
    // Long enough for a machine with other work to deliver, afterwards, what lay there unread.
    const bucket = await service.open({ partSize: PART, retry: false, stallTimeout: 3000 });
    await service.rules([{ match: put, do: { delayMs: 300 } }]);
    const upload = bucket.upload(file(6 * PART), options);
    await until(() => upload.progress.partsDone >= 1, "a part");
    const began = performance.now();
    while (performance.now() - began < 5500);
    await upload.done;
    same(calls(await service.log()).filter((call) => call === "PUT /buckets").length, 6);
  }
});

test("an answer that cannot be read is asked for again", async () => {
  const html = { body: "<html>", forward: true };
  for (const match of [start, put, complete]) {
    const service = await scenario([{ match: { ...match, nth: [1] }, do: html }]);
    const bucket = await service.open();
    const sent = file(3);
    const { key } = await bucket.upload(sent).done;
    same((await bucket.list()).map((entry) => [entry.key, entry.completed]), [[key, true]]);
    same(await sha256(await bucket.download(key)), await sha256(sent));
  }
});

test("a start that the browser sent twice leaves no second file", async () => {
  const service = await scenario([{ match: { ...put, nth: [1] }, do: { delayMs: 1500 } }]);
  const bucket = await service.open();
  const upload = bucket.upload(file(3));
  await until(() => upload.key !== undefined, "the start");
  // What the first of two starts makes: as long as nothing is lost on a reused connection, browsers send one.
  const headers = { Authorization: `Bearer ${service.token}`, "Content-Type": "application/json" };
  const listed = async () => (await fetch(`${service.endpoint}/buckets`, { headers })).json();
  const [{ fileName: encryptedName }] = await listed();
  const body = JSON.stringify({ totalParts: 1, encryptedName, originalSizeInBytes: 3 });
  await fetch(`${service.endpoint}/buckets`, { method: "POST", headers, body });
  same((await listed()).length, 2);
  same((await bucket.list()).map(({ key }) => key), [upload.key]);
  await until(async () => (await listed()).length === 1, "its removal");
  const { key } = await upload.done;
  same((await bucket.list()).map((entry) => [entry.key, entry.completed]), [[key, true]]);
});

test("a completion that is refused although it was done is found done", async () => {
  for (const status of [404, 409]) {
    const service = await scenario([{ match: { ...complete, nth: [1] }, do: { status, forward: true } }]);
    const bucket = await service.open();
    const { key } = await bucket.upload(file(3)).done;
    same((await bucket.list()).map((entry) => [entry.key, entry.completed]), [[key, true]]);
  }
});

test("a removal of a known file that is answered as if there were none is one", async () => {
  const service = await scenario([{ match: { method: "DELETE" }, do: { status: 404, forward: true } }]);
  const bucket = await service.open();
  const { key } = await bucket.upload(file(3)).done;
  await bucket.remove(key);
  await fails(bucket.remove(key), "not-found");
});

test("a service that fails to tell its rules does not keep an upload waiting for long", async () => {
  const rules = { path: "/v1/session/current$" };
  const service = await scenario([{ match: rules, do: { status: 500 } }]);
  await (await service.open({ retry: { baseDelay: 10 } })).upload(file(3)).done;
  same(calls(await service.log()).filter((call) => call === "GET /session/current").length, 3);
});

test("a failed connection is sent again as soon as the browser is online", async () => {
  const service = await scenario([{ match: { ...put, nth: [1] }, do: { drop: "before" } }]);
  const bucket = await service.open({ retry: { attempts: 2, baseDelay: 3_600_000, maxDelay: 3_600_000 } });
  const upload = bucket.upload(file(3));
  await until(() => upload.state === "waiting", "the failure");
  window.dispatchEvent(new Event("online"));
  await upload.done;
});

for (const [what, onProgress] of [["fetch", undefined], ["XMLHttpRequest", () => {}]]) {
  test(`requests that stand still are sent again (${what})`, async () => {
    const service = await scenario([
      { match: { ...start, nth: [1] }, do: still },
      { match: { ...put, nth: [2] }, do: still },
      { match: { ...complete, nth: [1] }, do: still },
    ]);
    const bucket = await service.open({ partSize: PART, stallTimeout: 1000 });
    const sent = file(3 * PART);
    const { key } = await bucket.upload(sent, { onProgress }).done;
    same((await bucket.list()).map((entry) => [entry.key, entry.completed]), [[key, true]]);
    same(await sha256(await bucket.download(key)), await sha256(sent));
  });
}

test("a call that stands still is given up", async () => {
  const service = await scenario([{ match: { method: "GET" }, do: still }]);
  const bucket = await service.open({ stallTimeout: 300, retry: { attempts: 2, baseDelay: 1 } });
  const began = performance.now();
  const error = await fails(bucket.list(), "timeout");
  ok(error.retryable, "it may work later");
  same(error.message, "No data for 300 ms (`stallTimeout`).");
  ok(performance.now() - began < 5000, "it took too long");
});

test("while no token can be had an upload waits, and goes on with the next", async () => {
  const service = await scenario(slow);
  let [asked, works] = [0, true];
  const token = () => {
    asked++;
    if (!works && asked % 2) throw new Error("the identity service is down");
    return works ? service.token : null;
  };
  const bucket = await service.open({ token, partSize: PART, parallel: 2 });
  const sent = file(6 * PART);
  const upload = bucket.upload(sent);
  await until(() => upload.progress.partsDone >= 1, "a part");
  works = false;
  await service.rules([{ match: put, do: { status: 401 } }]);
  await until(() => upload.state === "waiting", "the token to be missed");
  const before = (await service.log()).length;
  await until(() => asked >= 4, "it to be asked for again");
  same([upload.state, (await service.log()).length], ["waiting", before]);
  await service.rules([]);
  works = true;
  const { key } = await upload.done;
  same(await sha256(await bucket.download(key)), await sha256(sent));
});

test("a start without an answer leaves no second file", async () => {
  for (const failure of [{ drop: "after" }, { status: 503, forward: true }]) {
    const service = await scenario([{ match: { ...start, nth: [1] }, do: failure }]);
    const bucket = await service.open();
    const { key } = await bucket.upload(file(3)).done;
    same((await bucket.list()).map((entry) => [entry.key, entry.completed]), [[key, true]]);
  }
  const service = await scenario([{ match: start, do: { body: "<html>", forward: true } }]);
  const bucket = await service.open();
  await fails(bucket.upload(file(3)).done, "protocol");
  same(await bucket.list(), []);
});

test("it begins with two parts at a time", async () => {
  const delayMs = 1500;
  const service = await scenario([{ match: put, do: { delayMs } }]);
  const bucket = await service.open({ partSize: PART, parallel: 6, rules: "ignore" });
  await bucket.upload(file(6 * PART)).done;
  const [first, second, third] = (await service.log()).filter(({ method }) => method === "PUT").map(({ at }) => at);
  // By the gateway's clock: a page may hear of it late.
  ok(second - first < delayMs, `the second came after ${second - first} ms`);
  ok(third - first >= delayMs, `the third came after ${third - first} ms, before any was answered`);
});
