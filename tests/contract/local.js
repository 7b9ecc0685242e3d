// What is awaited in the browser itself and never comes: databases, locks, files' bytes.

import { fails, ok, same, test, until } from "./test.js";
import { MIB, file, scenario } from "./service.js";
import { frame } from "./frame.js";

const PART = 5 * MIB;

/** A transaction that goes on for as long as nobody undoes it. */
const endless = (transaction) =>
  function (stores, ...rest) {
    const made = transaction.call(this, stores, ...rest);
    const store = made.objectStore([stores].flat()[0]);
    const again = () => {
      try {
        store.get("nothing").onsuccess = again;
      } catch {
        // It was undone.
      }
    };
    again();
    return made;
  };

const never = () => () => new Promise(() => {});
const throws = () => () => {
  throw new DOMException("not here", "SecurityError");
};

for (const [what, of, method, made] of [
  ["a database that never opens", "IDBFactory", "open", (_, scope) => () => new scope.EventTarget()],
  ["a database that may not be opened", "IDBFactory", "open", throws],
  ["a database whose transactions never end", "IDBDatabase", "transaction", endless],
  ["a database whose transactions throw", "IDBDatabase", "transaction", throws],
  ["locks that are never answered", "LockManager", "request", never],
  ["locks that are refused", "LockManager", "request", () => () => Promise.reject(new DOMException("not here", "SecurityError"))],
  ["locks that throw", "LockManager", "request", throws],
]) {
  if (globalThis[of] === undefined) continue;
  // Each in a frame, which has no connection to the database yet.
  test(`${what} holds up no upload for long`, async () => {
    const service = await scenario();
    const { scope, import: load, remove } = await frame();
    const warnings = [];
    scope.console.warn = (...texts) => warnings.push(texts.join(" "));
    const { prototype } = scope[of];
    prototype[method] = made(prototype[method], scope);
    const { openBucket } = await load("/pkg/partway.js");
    const { endpoint, token, sessionId } = service;
    const bucket = await openBucket({ endpoint, token, sessionId });
    const began = performance.now();
    for (let n = 1; n <= 5; n++) await bucket.upload(file(n, `${n}`)).done;
    const took = performance.now() - began;
    same((await bucket.list()).filter(({ completed }) => completed).length, 5);
    // Each that waited would take four seconds at least.
    ok(took < 15_000, `five files took ${Math.round(took)} ms`);
    const said = warnings.filter((text) => text.includes("keeps nothing")).length;
    ok(said <= 1, `it was said ${said} times`);
    bucket.close();
    remove();
  });
}

for (const [what, lose] of [
  ["service that does not answer", () => {}],
  [
    "network that is gone",
    (scope) => {
      Object.defineProperty(scope.navigator, "onLine", { value: false });
      scope.dispatchEvent(new scope.Event("offline"));
    },
  ],
]) {
  test(`an abort waits for no ${what}, and is not offered again`, async () => {
    const hangs = (match) => ({ match, do: { hang: "before" } });
    const service = await scenario([hangs({ method: "PUT", nth: [3, 4] }), hangs({ method: "DELETE" })]);
    // A page that is left afterwards.
    const { scope, import: load, remove } = await frame();
    const { openBucket } = await load("/pkg/partway.js");
    const { endpoint, token, sessionId } = service;
    const upload = (await openBucket({ endpoint, token, sessionId, partSize: PART, parallel: 2 })).upload(file(4 * PART));
    await until(() => upload.progress.partsDone === 2, "two parts");
    lose(scope);
    await upload.abort();
    same(upload.state, "aborted");
    remove();
    await service.rules([]);
    const bucket = await service.open();
    await until(async () => {
      same(await bucket.unfinished(), []);
      return (await bucket.list()).length === 0;
    }, "what was aborted to be removed");
  });
}

/** A file whose bytes never come, from the part `from` on. */
function unread(size, name, from = 0) {
  const sent = file(size, name);
  const { slice } = sent;
  sent.slice = (start, end) => {
    const bytes = slice.call(sent, start, end);
    if (end > from) bytes.arrayBuffer = () => new Promise(() => {});
    return bytes;
  };
  return sent;
}

test("files whose bytes never come hold back no other, say so, and fail in the end", async () => {
  const service = await scenario();
  const bucket = await service.open({ parallel: 2, stallTimeout: 3000, retry: { attempts: 4, baseDelay: 20, maxDelay: 200 } });
  const hung = [bucket.upload(unread(9, "1")), bucket.upload(unread(9, "2")), bucket.upload(unread(9, "3"))];
  const states = new Set();
  const others = [4, 5, 6].map((n) => bucket.upload(file(n * MIB, `${n}`)));
  await Promise.all(others.map(({ done }) => done));
  ok(hung.every(({ state }) => state !== "failed"), "the others were done only after these had failed");
  await until(() => {
    for (const { state } of hung) states.add(state);
    return hung.every(({ state }) => state === "failed");
  }, "the end of those", 60_000);
  for (const { done } of hung) ok((await fails(done, "timeout")).message.includes("reads nothing"), "it says what hangs");
});

test("a file of which only the middle never comes says that it waits", async () => {
  const service = await scenario();
  const bucket = await service.open({ partSize: PART, stallTimeout: 20_000 });
  const upload = bucket.upload(unread(4 * PART, "middle", 3 * PART));
  upload.done.catch(() => {});
  await until(() => upload.state === "waiting", "it to say so", 60_000);
  await upload.abort();
});
