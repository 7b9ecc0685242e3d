// Objects of another frame are what they are, though they are of no class of this one.

import { isPartwayError, openBucket } from "/pkg/partway.js";
import { aborts, fails, ok, same, test } from "./test.js";
import { MIB, bytes, engine, file, scenario, sha256 } from "./service.js";
import { frame } from "./frame.js";

const PART = 5 * MIB;

test("a File of another frame is uploaded, and of a frame that is gone", async () => {
  const bucket = await (await scenario()).open({ partSize: PART });
  for (const [gone, size] of [[false, 9], [true, 9], [false, PART + 9], [true, PART + 9]]) {
    for (const listen of [{}, { onProgress() {} }]) {
      const { scope, remove } = await frame();
      const sent = new scope.File([bytes(size)], "foreign.bin", { type: "text/x-foreign", lastModified: 1_700_000_000_000 });
      ok(!(sent instanceof File), "it is of this frame");
      if (gone) remove();
      const upload = bucket.upload(sent, listen);
      same([upload.name, upload.size], ["foreign.bin", size]);
      const entry = await upload.done;
      same([entry.name, entry.type, entry.size], ["foreign.bin", "text/x-foreign", size]);
      same(await sha256(await bucket.download(entry.key)), await sha256(new Blob([bytes(size)])));
      await bucket.remove(entry.key);
      if (!gone) remove();
    }
  }
});

test("the files of another frame's input are uploaded, and a Blob of it under a name", async () => {
  const bucket = await (await scenario()).open();
  const { scope, remove } = await frame();
  const input = scope.document.createElement("input");
  input.type = "file";
  const transfer = new scope.DataTransfer();
  transfer.items.add(new scope.File(["abc"], "listed.txt"));
  input.files = transfer.files;
  for (const one of input.files) same((await bucket.upload(one).done).name, "listed.txt");
  const blob = new scope.Blob(["abcd"]);
  await fails((async () => bucket.upload(blob).done)(), "invalid-file");
  const entry = await bucket.upload(blob, { name: "named" }).done;
  same([entry.name, entry.size], ["named", 4]);
  remove();
});

test("an AbortSignal of another frame aborts uploads and calls", async () => {
  const service = await scenario([{ match: { method: "PUT" }, do: { delayMs: 3000 } }, { match: { method: "GET" }, do: { delayMs: 3000 } }]);
  const bucket = await service.open({ rules: "ignore" });
  const { scope, remove } = await frame();
  for (const begin of [({ signal }) => bucket.upload(file(9), { signal }).done, ({ signal }) => bucket.list({ signal }),
    ({ signal }) => bucket.download("key", { signal })]) {
    const abort = new scope.AbortController();
    const begun = begin(abort);
    setTimeout(() => abort.abort(), 100);
    await aborts(begun);
    await aborts((async () => begin(abort))());
  }
  remove();
});

test("options, callbacks and addresses of another frame are taken", async () => {
  const service = await scenario();
  const { scope, remove } = await frame();
  scope.token = service.token;
  const bucket = await service.open({
    endpoint: new scope.URL(service.endpoint),
    token: scope.eval("async () => token"),
    retry: scope.eval("({ attempts: 2 })"),
  });
  const options = scope.eval("({ onProgress: () => { window.heard = true; } })");
  await bucket.upload(file(9), options).done;
  ok(scope.heard, "its callback is called");
  remove();
});

test("what is no file, signal or address of any frame is refused as clearly as ever", async () => {
  const bucket = await (await scenario()).open();
  const { scope, remove } = await frame();
  const upload = async (...args) => bucket.upload(...args).done;
  const fakes = [scope.eval("({ size: 1, type: '', name: 'x', slice() {}, arrayBuffer() {} })"), new Proxy(file(1), {}),
    Object.create(File.prototype), Object.create(scope.File.prototype), new scope.Uint8Array(3)];
  for (const fake of fakes) {
    const { message } = await fails(upload(fake), "invalid-file");
    ok(message.includes("must be a File or Blob, but it is an object"), message);
  }
  for (const signal of [{ aborted: false }, null, new scope.EventTarget(), new Proxy(new AbortController().signal, {}),
    Object.create(AbortSignal.prototype)]) {
    const { message } = await fails(upload(file(1), { signal }), "invalid-option");
    ok(message.startsWith("signal: must be an AbortSignal"), message);
  }
  const { message } = await fails(upload(file(1), { name: new scope.Blob([]) }), "invalid-option");
  ok(message.includes("but it is a Blob"), message);
  for (const endpoint of [{ href: "https://api.example/v1" }, new Proxy(new URL("https://api.example/v1"), {})]) {
    await fails(openBucket({ endpoint, token: "t", sessionId: "s" }), "invalid-option");
  }
  remove();
});

test("an error of another frame's Partway is one of ours", async () => {
  const made = await frame();
  const api = await made.import("/pkg/partway.js");
  const error = await api.openBucket({}).then(() => undefined, (error) => error);
  ok(!(error instanceof Error) && isPartwayError(error) && api.isPartwayError(error), String(error));
  ok(!isPartwayError({ name: "PartwayError" }) && !isPartwayError(undefined) && !isPartwayError(new Error("x")), "no error");
  made.remove();
});

test("init takes every kind of source of another frame", async () => {
  const path = "/pkg/partway_wasm_bg.wasm";
  const content = await (await fetch(path)).arrayBuffer();
  const options = { endpoint: `${location.origin}/v1`, token: "t", sessionId: "0123456789abcdef0123456789abcdef" };
  for (const source of [new URL(path, location.origin), new Request(path), () => fetch(path), content, new Uint8Array(content),
    await WebAssembly.compile(content)]) {
    const made = await frame();
    const api = await made.import("/pkg/partway.js");
    await api.default(typeof source === "function" ? await source() : source);
    (await api.openBucket(options)).close();
    made.remove();
  }
});

/** A private file, where the browser has them and can write them. */
async function stored(scope) {
  const folder = await scope.navigator.storage?.getDirectory?.().catch(() => undefined);
  const handle = await folder?.getFileHandle("private.bin", { create: true });
  if (!handle?.createWritable) return undefined;
  const stream = await handle.createWritable();
  await stream.write(bytes(3 * PART, 5));
  await stream.close();
  return handle;
}

// A private file needs no permission: Firefox's handles have no methods for it. Taken away, Chromium's are alike.
for (const [what, without] of [["permission methods", ["queryPermission", "requestPermission"]], ["requestPermission", ["requestPermission"]]]) {
  if (engine !== "webkit") {
    test(`an upload is reopened through a handle without ${what}`, async () => {
      const { scope, remove } = await frame();
      const handle = await stored(scope);
      ok(handle, "there is a private file");
      const prototype = scope.Object.getPrototypeOf(scope.FileSystemFileHandle.prototype);
      const kept = globalThis.FileSystemHandle.prototype;
      const taken = without.filter((name) => name in kept).map((name) => [name, Object.getOwnPropertyDescriptor(kept, name)]);
      for (const name of without) {
        delete prototype[name];
        delete kept[name];
      }
      try {
        const service = await scenario([{ match: { method: "PUT", nth: [2] }, do: { delayMs: 20_000 } }]);
        const first = await service.open({ partSize: PART, parallel: 1, rules: "ignore" });
        const upload = first.upload(await handle.getFile(), { handle });
        while (upload.progress.partsDone < 1) await new Promise((resolve) => setTimeout(resolve, 20));
        await upload.abort({ keep: true });
        first.close();
        await service.rules([]);
        const second = await service.open({ partSize: PART });
        const [left] = await second.unfinished();
        const entry = await (await left.reopen()).done;
        same([entry.name, entry.size], ["private.bin", 3 * PART]);
        same(await sha256(await second.download(entry.key)), await sha256(new Blob([bytes(3 * PART, 5)])));
      } finally {
        for (const [name, descriptor] of taken) Object.defineProperty(kept, name, descriptor);
        remove();
      }
    });
  }
}
