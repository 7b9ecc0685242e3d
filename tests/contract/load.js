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

/** Fails unless `promise` rejects with `load` in a sentence that holds all of `told`; gives the error. */
async function unloaded(promise, ...told) {
  const error = await promise.then(() => undefined, (error) => error);
  same([error?.name, error?.code, error?.retryable], ["PartwayError", "load", true], String(error));
  for (const text of told) ok(error.message.includes(text), `${text} is not in: ${error.message}`);
  ok(error.cause !== undefined && !/secret|token/.test(error.message), `a cause, and no secret in: ${error.message}`);
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

const WASM = `${origin}/pkg/partway_wasm_bg.wasm`;
const COPY = "copy partway_wasm_bg.wasm";
const typed = (body, type, status = 200) => (scope) => new scope.Response(body, { status, headers: { "content-type": type } });
const cut = (bytes) => async (_, real) => {
  const whole = await (await real(WASM)).arrayBuffer();
  return typed(whole.slice(0, bytes(whole.byteLength)), "application/wasm")(globalThis);
};
const BROKEN = {
  "cannot be fetched": [() => Promise.reject(new TypeError("https://secret.example/?token=1")), "(no answer)"],
  "is missing": [typed("gone", "text/plain", 404), "(HTTP 404, text/plain)"],
  "is missing, without a type": [(scope) => new scope.Response(null, { status: 404 }), "(HTTP 404, no content type)"],
  "is answered with 500": [typed("{}", "application/json; token=1", 500), "(HTTP 500, application/json)"],
  "is HTML": [typed("<!doctype html>", "text/html; charset=utf-8"), "(HTTP 200, text/html, no module of this version)"],
  "is HTML that calls itself wasm": [typed("<!doctype html>", "application/wasm"), "(HTTP 200, application/wasm, no module"],
  "is empty": [typed("", "application/wasm"), "(HTTP 200, application/wasm, no module"],
  "is cut short": [cut((bytes) => bytes - 1), "(HTTP 200, application/wasm, no module"],
  "is cut at half": [cut((bytes) => bytes >> 1), "(HTTP 200, application/wasm, no module"],
  "is another module": [typed(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), "application/wasm"), "no module of this version"],
};

for (const [what, [answer, told]] of Object.entries(BROKEN)) {
  test(`a wasm that ${what} is told with what to do, and the next call loads it`, async () => {
    const made = await realm("/pkg/partway.js");
    const { api, scope, asked, frame } = made;
    const real = made.answer;
    made.answer = async () => answer(scope, real);
    await unloaded(api.openBucket(options), WASM, told, COPY, 'import "partway/inline"');
    await unloaded(api.default(), WASM, told);
    made.answer = real;
    await api.default();
    await api.openBucket(options);
    same(asked, [WASM, WASM, WASM]);
    frame.remove();
  });
}

test("a wasm that never comes is told of within two minutes, and the next call loads it", async () => {
  for (const hangs of [() => new Promise(() => {}), (scope) => typed(new scope.ReadableStream(), "application/wasm")(scope)]) {
    const made = await realm("/pkg/partway.js");
    const { api, scope, answer, frame } = made;
    const later = scope.setTimeout.bind(scope);
    scope.setTimeout = (call, millis) => later(call, millis / 600);
    made.answer = async () => hangs(scope);
    await unloaded(api.openBucket(options), "within 120 s", COPY);
    made.answer = answer;
    scope.setTimeout = later;
    await api.openBucket(options);
    frame.remove();
  }
});

test("an address that init was given is told without its secrets, and stays given", async () => {
  const { api, scope, asked, frame } = await realm("/pkg/partway.js");
  const nowhere = `${origin}/nowhere.wasm`;
  ok(api.isPartwayError(await unloaded(api.default("/nowhere.wasm?token=1#secret"), nowhere, "HTTP 404", COPY)), "isPartwayError");
  await unloaded(api.openBucket(options), nowhere);
  same(asked.length, 2);
  await unloaded(api.default(new scope.URL(`${nowhere}?token=1`)), nowhere);
  await unloaded(api.default(new scope.Request(`${nowhere}?token=1`)), nowhere);
  const { host } = location;
  await unloaded(api.default(new URL(`http://secret:secret@${host}/nowhere.wasm`)), nowhere);
  await unloaded(api.default("data:text/plain,secret"), "a data: address");
  await unloaded(api.default("http://[secret"), "what is no address");
  await api.default("/pkg/partway_wasm_bg.wasm?token=1");
  await api.openBucket(options);
  frame.remove();
});

test("what init was given in place of an address is told, and asked for no second time", async () => {
  const { api, scope, asked, frame } = await realm("/pkg/partway.js");
  const given = "what init() was given";
  await unloaded(api.default(scope.Uint8Array.of(1, 2, 3)), given, "no module of this version", COPY);
  await unloaded(api.default({}), given);
  await unloaded(api.default(Promise.reject(new Error("https://secret.example/"))), COPY);
  await unloaded(api.default(new scope.Response("<html>", { headers: { "content-type": "text/html" } })), given, "HTTP 200, text/html");
  await unloaded(api.default(scope.fetch("/nowhere.wasm?token=1")), `${origin}/nowhere.wasm`, "HTTP 404");
  // The answer was read, so it counts no more; the bytes before it do.
  await unloaded(api.openBucket(options), given);
  await api.default(WASM);
  await api.openBucket(options);
  same(asked.at(-1), WASM);
  frame.remove();
});

test("where Vite moved the package away from its wasm, the line for its configuration is told", async () => {
  const { api, frame } = await realm("/pkg/partway.js");
  const moved = "/node_modules/.vite/deps/partway_wasm_bg.wasm?v=secret";
  await unloaded(api.default(moved), `${origin}/node_modules/.vite/deps/partway_wasm_bg.wasm`, 'optimizeDeps: { exclude: ["partway"] }');
  frame.remove();
  const made = await realm("/pkg/partway.js");
  made.answer = async () => typed("<!doctype html>", "text/html")(made.scope);
  await unloaded(made.api.default(moved), "HTTP 200, text/html", 'optimizeDeps: { exclude: ["partway"] }');
  made.answer = async () => typed("", "text/plain", 500)(made.scope);
  await unloaded(made.api.default(moved), "HTTP 500", COPY);
  made.frame.remove();
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
    "promise of a Response": (scope) => ({ promise: scope.fetch(path) }),
    "promise of bytes": () => ({ promise: Promise.resolve(bytes) }),
    "Response without a type": (scope) => new scope.Response(bytes),
    ArrayBuffer: (scope) => new scope.Uint8Array(bytes).buffer,
    Uint8Array: (scope) => new scope.Uint8Array(bytes),
    Module: (scope) => scope.WebAssembly.compile(bytes),
  };
  for (const [kind, source] of Object.entries(kinds)) {
    const { api, scope, asked, warned, frame } = await realm("/pkg/partway.js");
    const given = await source(scope);
    same(await api.default(given.promise ?? given), undefined, kind);
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
