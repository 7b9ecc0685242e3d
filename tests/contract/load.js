// How the WebAssembly is loaded: from where, how often, and what is said when it cannot be. Each test has an instance
// of the modules of its own, in a frame, whose `fetch` it sees.

import { ok, same, test } from "./test.js";

/** A frame with the module `path`, the requests it made for wasm, and what answers them. */
async function realm(path) {
  const frame = document.createElement("iframe");
  frame.srcdoc = `<script type="module" src="${path}"></script>`;
  await new Promise((resolve) => {
    frame.onload = resolve;
    document.body.append(frame);
  });
  const scope = frame.contentWindow;
  const asked = [];
  const warned = [];
  const real = scope.fetch.bind(scope);
  const made = { scope, asked, warned, answer: real, frame };
  scope.fetch = (source) => {
    asked.push(String(source.url ?? source));
    return made.answer(source);
  };
  scope.console.warn = (...texts) => warned.push(texts.join(" "));
  // The document's own import(): the same instance that its script element loaded.
  made.api = await scope.eval(`import(${JSON.stringify(path)})`);
  return made;
}

const origin = location.origin;
const options = { endpoint: `${origin}/v1`, token: "t", sessionId: "0123456789abcdef0123456789abcdef" };

/** Fails unless `promise` rejects with `load` in a sentence that holds `advice`; gives the error, of another realm. */
async function unloaded(promise, advice) {
  const error = await promise.then(() => undefined, (error) => error);
  same([error?.name, error?.code, error?.retryable], ["PartwayError", "load", true], String(error));
  ok(error.message.includes(advice), error.message);
  ok(error.cause !== undefined && !error.message.includes("http"), `a cause, and no address in: ${error.message}`);
  return error;
}

test("importing loads nothing, and many calls load the wasm once, without a warning", async () => {
  const { api, asked, warned, frame } = await realm("/pkg/partway.js");
  same(asked, []);
  await Promise.all([api.openBucket(options), api.default(), api.openBucket(options)]);
  await api.default("/nowhere.wasm");
  same(asked, [`${origin}/pkg/partway_wasm_bg.wasm`]);
  same(warned, []);
  frame.remove();
});

test("a wasm that cannot be had says what to do, and another call can have it", async () => {
  const made = await realm("/pkg/partway.js");
  const { api, scope, frame } = made;
  const real = made.answer;
  const typed = (body, type) => async () => new scope.Response(body, { headers: { "content-type": type } });
  const broken = [
    () => Promise.reject(new scope.TypeError("https://secret.example/?token=1")),
    async () => new scope.Response("", { status: 404 }),
    typed("<!doctype html>", "text/html"),
    typed("<!doctype html>", "application/wasm"),
    // A module, and another one.
    typed(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), "application/wasm"),
  ];
  for (const answer of broken) {
    made.answer = answer;
    await unloaded(api.openBucket(options), "partway_wasm_bg.wasm");
  }
  made.answer = real;
  ok(api.isPartwayError(await unloaded(api.default("/nowhere.wasm"), 'import "partway/inline"')), "isPartwayError");
  await unloaded(api.openBucket(options), "init()");
  await api.default("/pkg/partway_wasm_bg.wasm");
  await api.openBucket(options);
  frame.remove();
});

test("a page whose CSP forbids WebAssembly is told the directive", async () => {
  // A page's own script tells: `realm` evaluates text, and what allows that allows WebAssembly.
  const frame = document.createElement("iframe");
  frame.src = "no-wasm.html";
  const error = await new Promise((resolve) => {
    addEventListener("message", function heard({ source, data }) {
      if (source !== frame.contentWindow) return;
      removeEventListener("message", heard);
      resolve(data);
    });
    document.body.append(frame);
  });
  same([error.name, error.code, error.retryable], ["PartwayError", "load", true], JSON.stringify(error));
  ok(error.message.includes("'wasm-unsafe-eval'"), error.message);
  frame.remove();
});

test("a wasm of the wrong type is loaded all the same, without a warning", async () => {
  const made = await realm("/pkg/partway.js");
  const { answer, scope } = made;
  const headers = { "content-type": "application/octet-stream" };
  made.answer = async (source) => new scope.Response(await (await answer(source)).arrayBuffer(), { headers });
  await made.api.openBucket(options);
  same(made.warned, []);
  made.frame.remove();
});

test("init takes every kind of source", async () => {
  const path = "/pkg/partway_wasm_bg.wasm";
  const bytes = await (await fetch(path)).arrayBuffer();
  const kinds = {
    string: () => path,
    URL: (scope) => new scope.URL(path, origin),
    Request: (scope) => new scope.Request(origin + path),
    Response: (scope) => scope.fetch(path),
    ArrayBuffer: (scope) => new scope.Uint8Array(bytes).buffer,
    Uint8Array: (scope) => new scope.Uint8Array(bytes),
    Module: (scope) => scope.WebAssembly.compile(bytes),
  };
  for (const [kind, source] of Object.entries(kinds)) {
    const { api, scope, asked, warned, frame } = await realm("/pkg/partway.js");
    same(await api.default(await source(scope)), undefined, kind);
    await api.openBucket(options);
    ok(asked.length <= 1 && warned.length === 0, `${kind}: ${asked} ${warned}`);
    frame.remove();
  }
});

test("the inline entry asks for no wasm, and shares its instance with the other", async () => {
  const { api, scope, asked, frame } = await realm("/pkg/partway.js");
  const inline = await scope.eval('import("/pkg/inline.js")');
  const bucket = await api.openBucket(options);
  same(asked, []);
  ok(bucket instanceof inline.Bucket && inline.Bucket === api.Bucket, "one Bucket");
  same(Object.keys(inline).sort(), Object.keys(api).sort());
  frame.remove();
});
