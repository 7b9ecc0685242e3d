// What tabs of a session tell each other, and what another page of the origin can do with that.

import { file, scenario } from "./service.js";
import { ok, same, test, until } from "./test.js";

const PART = 5_242_880;
const slow = [{ match: { method: "PUT" }, do: { delayMs: 300 } }];

/** Two pages that pick one file, and the name of the channel between them. */
async function two(service, sent) {
  const real = window.BroadcastChannel;
  const names = new Set();
  window.BroadcastChannel = class extends real {
    constructor(name) {
      super(name);
      names.add(name);
    }
  };
  try {
    const settings = { partSize: PART, parallel: 1 };
    const [first, second] = [await service.open(settings), await service.open(settings)];
    const one = first.upload(sent);
    await until(() => one.progress.partsDone >= 1, "a part");
    const other = second.upload(sent);
    await until(() => other.progress.sent > 0, "news of the first");
    same(names.size, 1, "channels");
    return { first, second, one, other, name: [...names][0] };
  } finally {
    window.BroadcastChannel = real;
  }
}

/** The file's identity, which is no secret: the name of its lock ends with it. */
async function identity(name) {
  const { held } = await navigator.locks.query();
  const [lock] = held.map(({ name }) => name).filter((lock) => lock.startsWith(name));
  ok(lock !== undefined, `a lock of ${name} among ${held.map(({ name }) => name)}`);
  return lock.slice(lock.lastIndexOf(":") + 1);
}

test("another page of the origin ends no upload by a message", async () => {
  const service = await scenario(slow);
  const { one, other, name } = await two(service, file(6 * PART));
  const forger = new BroadcastChannel(name);
  const of = await identity(name);
  const before = (await service.log()).length;
  for (const message of [
    { identity: of, sent: 6 * PART, partsDone: 6, key: "forged", ended: "done" },
    { identity: of, wanted: true },
    { identity: of, ping: true },
    "done",
    null,
    new Uint8Array(200),
    new Uint8Array(1 << 20),
    new ArrayBuffer(200),
    [1, 0, 0],
  ]) {
    forger.postMessage(message);
  }
  await until(async () => (await service.log()).length > before, "the first to go on");
  same([one.state, other.state], ["uploading", "uploading"]);
  forger.close();
  const [a, b] = await Promise.all([one.done, other.done]);
  same(a.key, b.key);
});

test("what tabs say can be read by nobody else, and said again it is a hint", async () => {
  const service = await scenario(slow);
  const heard = [];
  const sent = file(3 * PART, "canary-name.bin");
  const { first, second, one, other, name } = await two(service, sent);
  const spy = new BroadcastChannel(name);
  spy.onmessage = ({ data }) => heard.push(data);
  const [a, b] = await Promise.all([one.done, other.done]);
  same(a.key, b.key);
  await until(() => heard.length >= 3, "messages");
  const asked = (await service.log()).filter(({ method, path }) => method === "GET" && path.endsWith(encodeURIComponent(a.key)));
  ok(asked.length >= 1, "the page that followed asked the service");
  for (const data of heard) {
    ok(data instanceof Uint8Array, "a message is sealed bytes");
    const text = Array.from(data, (byte) => String.fromCharCode(byte)).join("");
    for (const secret of [a.key, sent.name, service.sessionId, service.token, await identity(name).catch(() => "canary")]) {
      ok(!text.includes(secret), "a secret is said in the clear");
    }
  }
  // The file is removed, and picked again: that it is done was true of the last time.
  await first.remove(a.key);
  const again = first.upload(sent);
  await until(() => again.progress.partsDone >= 1, "a part");
  const follows = second.upload(sent);
  await until(() => follows.progress.sent > 0, "news of the first");
  for (const data of heard) spy.postMessage(data);
  const [c, d] = await Promise.all([again.done, follows.done]);
  ok(c.key !== a.key && d.key !== a.key, "it is another file");
  const keys = (await first.list()).map(({ key }) => key);
  ok(keys.includes(c.key) && keys.includes(d.key), "what is done is there");
  spy.close();
});
