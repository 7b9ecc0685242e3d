// Other people's wrappers of `fetch` and `XMLHttpRequest`: what they give is used where it can be, and is else a failed
// connection. Nothing traps, and no promise stays pending.

import { fails, ok, same, test, until } from "./test.js";
import { file, scenario, sha256 } from "./service.js";
import { frame, replaced } from "./frame.js";

/** Runs `body` with a `fetch` that gives `given(...)` the first `times` times, but for the test's own requests. */
function wrapped(given, times, service, body) {
  let calls = 0;
  const made = (real) => (...args) => {
    const { href } = new URL(args[0].url ?? args[0]);
    if (href.startsWith(service.endpoint) && calls++ < times) return given(...args);
    return real(...args);
  };
  return replaced("fetch", made, body);
}

const reject = (value) => () => Promise.reject(value);
const answer = (value) => () => Promise.resolve(value);
const body = (stream) => ({ status: 200, headers: new Headers(), body: stream });
const used = async () => {
  const response = new Response("[]");
  await response.text();
  return response;
};
const locked = () => {
  const response = new Response("[]");
  response.body.getReader();
  return response;
};
const thrower = (name) => Object.defineProperty({ status: 200, headers: new Headers(), body: null }, name, {
  get() {
    throw new Error("from the test");
  },
});
const UNUSABLE = {
  "undefined at once": () => undefined,
  "a promise of undefined": answer(undefined),
  "a promise of null": answer(null),
  "text": answer("[]"),
  "a plain object": answer({}),
  "a status alone": answer({ status: 200, ok: true }),
  "a status that is none": answer({ status: "200", headers: new Headers(), body: null }),
  "a network error": () => Promise.resolve(Response.error()),
  "a rejection with nothing": reject(undefined),
  "a rejection with text": reject("aborted"),
  "a rejection with an object": reject({ message: "x" }),
  "an exception": () => {
    throw new Error("from the test");
  },
  "an exception that is no error": () => {
    throw undefined;
  },
  "a thenable that throws": () => ({ then() { throw new Error("from the test"); } }),
  "a getter that throws for then": () => ({ get then() { throw new Error("from the test"); } }),
  "a promise whose constructor throws": () => {
    const given = Promise.resolve(new Response("[]"));
    return Object.defineProperty(given, "constructor", { get() { throw new Error("from the test"); } });
  },
  "a response that was read": used,
  "a response that is being read": locked,
  "a status that throws": () => thrower("status"),
  "a body that throws": () => thrower("body"),
  "headers that throw, and no body": () => Object.defineProperty({ status: 200 }, "headers", { get() { throw 1; } }),
  "a body that is no stream": answer(body({})),
  "a body of text": answer(body("[]")),
  "a reader that gives nothing": answer(body({ getReader: () => undefined })),
  "a reader that throws": answer(body({ getReader: () => ({ read() { throw 1; } }) })),
  "chunks that are none": answer(body({ getReader: () => ({ read: async () => undefined }) })),
  "chunks of text": answer(body({ getReader: () => ({ read: async () => ({ done: false, value: "[]" }) }) })),
};

for (const [what, given] of Object.entries(UNUSABLE)) {
  test(`a fetch that gives ${what} is a failed connection`, async () => {
    const service = await scenario();
    const bucket = await service.open();
    await wrapped(given, 2, service, async () => same(await bucket.list(), []));
    const { key } = await wrapped(given, 2, service, () => bucket.upload(file(9)).done);
    const found = await wrapped(given, 1, service, () => bucket.download(key));
    same(await sha256(found), await sha256(file(9)));
    const stubborn = await service.open({ retry: false });
    const error = await wrapped(given, Infinity, service, () => fails(stubborn.upload(file(9)).done, "network"));
    ok(error.retryable, "it may be tried again");
  });
}

test("a fetch of another frame, and one that answers with something like a response, are used", async () => {
  const other = await frame();
  // Made there, so that every object is of the other frame.
  other.scope.eval(`
    window.foreign = async (request) => {
      const { method, url } = request;
      const headers = [...request.headers];
      const body = method === "GET" ? undefined : await request.arrayBuffer();
      return fetch(url, { method, headers, body });
    };
    window.like = async (request) => {
      const answer = await foreign(request);
      const { status, headers } = answer;
      const read = { buffer: () => answer.arrayBuffer(), bytes: async () => new Uint8Array(await answer.arrayBuffer()) };
      return { status, headers: { get: (name) => headers.get(name) }, arrayBuffer: read[how] };
    };
    window.chunked = async (request) => {
      const { status, headers, body } = await foreign(request);
      const reader = body?.getReader();
      const read = async () => {
        const { done, value } = await reader.read();
        return { done, value: done ? value : new DataView(value.buffer, value.byteOffset, value.byteLength) };
      };
      return { status, headers, body: { getReader: () => ({ read }) } };
    };
  `);
  const as = (name) => async (given) => other.scope[name](new Request(given));
  for (const [name, how] of [["foreign"], ["like", "buffer"], ["like", "bytes"], ["chunked"]]) {
    other.scope.how = how;
    const service = await scenario();
    const bucket = await service.open();
    await wrapped(as(name), Infinity, service, async () => {
      const { key } = await bucket.upload(file(70_000)).done;
      same(await sha256(await bucket.download(key)), await sha256(file(70_000)));
      same((await bucket.list()).map((entry) => entry.key), [key], `${name} ${how}`);
      await bucket.remove(key);
      await fails(bucket.file(key), "not-found");
    });
  }
  other.remove();
});

/** One that takes no listener, and calls only the property `kept`. */
const only = (Real, kept) => {
  const made = class extends Real { addEventListener() {} };
  for (const name of ["onload", "onloadend", "onreadystatechange", "onprogress"].filter((name) => name !== kept)) {
    Object.defineProperty(made.prototype, name, { set() {} });
  }
  return made;
};

/** XMLHttpRequests as wrappers make them. */
const XHR = {
  "throws when it is made": () => function () { throw new Error("from the test"); },
  "is a plain object": () => function () { return {}; },
  "throws in open": (Real) => class extends Real { open() { throw new Error("from the test"); } },
  "throws in setRequestHeader": (Real) => class extends Real { setRequestHeader() { throw undefined; } },
  "throws in send": (Real) => class extends Real { send() { throw new Error("from the test"); } },
  "has no upload": (Real) => class extends Real { get upload() { return undefined; } },
  "has an upload that throws": (Real) => class extends Real { get upload() { throw 1; } },
  "has an upload that is no target": (Real) => class extends Real { get upload() { return {}; } },
  "throws in addEventListener": (Real) => class extends Real { addEventListener() { throw new Error("from the test"); } },
  "has an upload that takes no listener": (Real) => class extends Real {
    get upload() { return Object.assign(new EventTarget(), { addEventListener() { throw 1; } }); }
  },
  "tells no listener of its end": (Real) => class extends Real {
    addEventListener(kind, ...rest) { if (!kind.startsWith("load")) super.addEventListener(kind, ...rest); }
  },
  "takes listeners and tells none": (Real) => class extends Real { addEventListener() {} },
  "calls nothing but onload": (Real) => only(Real, "onload"),
  "calls nothing but onreadystatechange": (Real) => only(Real, "onreadystatechange"),
  "has a responseType that throws": (Real) => class extends Real { set responseType(type) { throw 1; } },
  "has no responseURL": (Real) => class extends Real { get responseURL() { return undefined; } },
  "has a responseURL that throws": (Real) => class extends Real { get responseURL() { throw 1; } },
  "gives no headers": (Real) => class extends Real {
    getAllResponseHeaders() { return undefined; }
    getResponseHeader() { throw 1; }
  },
  "is of another frame": (_, other) => other.XMLHttpRequest,
};

for (const [what, made] of Object.entries(XHR)) {
  test(`a part arrives through an XMLHttpRequest that ${what}`, async () => {
    const other = await frame();
    const service = await scenario();
    const bucket = await service.open({ stallTimeout: 3000 });
    const began = performance.now();
    const entry = await replaced("XMLHttpRequest", (Real) => made(Real, other.scope), () =>
      bucket.upload(file(9), { onProgress() {} }).done);
    same(await sha256(await bucket.download(entry.key)), await sha256(file(9)));
    ok(performance.now() - began < 2500, "it waited for a silence");
    other.remove();
  });
}

test("an XMLHttpRequest whose answer is unusable is a failed connection", async () => {
  for (const made of [
    (Real) => class extends Real { get status() { throw 1; } },
    (Real) => class extends Real { get response() { return null; } },
    (Real) => class extends Real { get response() { throw 1; } },
    (Real) => class extends Real { get response() { return {}; } },
  ]) {
    const bucket = await (await scenario()).open({ retry: false });
    await replaced("XMLHttpRequest", made, () => fails(bucket.upload(file(9), { onProgress() {} }).done, "network"));
  }
});

const broken = function () { throw new Error("from the test"); };
const BROKEN = {
  "is gone": () => undefined,
  "throws": () => broken,
  "makes plain objects": () => function () { return {}; },
  "is of another frame": (_, name, other) => other[name],
};

for (const name of ["Headers", "Request", "AbortController", "Response", "ReadableStream"]) {
  for (const [what, made] of Object.entries(BROKEN)) {
    test(`where ${name} ${what}, everything works`, async () => {
      const other = await frame();
      const service = await scenario();
      const bucket = await service.open();
      const found = await replaced(name, (Real) => made(Real, name, other.scope), async () => {
        const keys = [];
        for (const listen of [{}, { onProgress() {} }]) keys.push((await bucket.upload(file(9), listen).done).key);
        same((await bucket.list()).map(({ key }) => key).sort(), keys.sort());
        return bucket.download(keys[0]);
      });
      same(await sha256(found), await sha256(file(9)));
      other.remove();
    });
  }
}

test("an AbortController that throws ends no upload in a trap", async () => {
  const service = await scenario([{ match: { method: "PUT", nth: [1] }, do: { hang: "before" } }]);
  const bucket = await service.open();
  await replaced("AbortController", (Real) => class extends Real { abort() { throw new Error("from the test"); } }, async () => {
    const upload = bucket.upload(file(9));
    await until(() => upload.state === "uploading", "its part");
    await upload.abort();
    same((await bucket.list()).length, 0);
    await bucket.upload(file(9)).done;
  });
});

test("without fetch, all but downloads goes by XMLHttpRequest, and a download says so at once", async () => {
  const service = await scenario();
  const bucket = await service.open();
  for (const gone of [undefined, null, {}]) {
    const began = performance.now();
    const key = await replaced("fetch", () => gone, async () => {
      const { key } = await bucket.upload(file(9)).done;
      await bucket.remove((await bucket.upload(file(8), { onProgress() {} }).done).key);
      same((await bucket.list()).map((entry) => entry.key), [key]);
      const error = await fails(bucket.download(key), "integrity");
      ok(error.message.includes("`fetch`") && !error.retryable, error.message);
      return key;
    });
    ok(performance.now() - began < 10_000, "at once");
    same(await sha256(await bucket.download(key)), await sha256(file(9)));
    await bucket.remove(key);
  }
});

test("a token that comes in a promise whose constructor throws is none", async () => {
  const service = await scenario();
  const token = () => Object.defineProperty(Promise.resolve(service.token), "constructor", { get() { throw 1; } });
  await fails((await service.open({ token })).list(), "unauthorized");
});

test("a Blob that cannot be read, as a page broke it, ends at once", async () => {
  const bucket = await (await scenario()).open();
  const real = Blob.prototype.arrayBuffer;
  for (const read of [undefined, () => { throw new Error("from the test"); }, () => undefined, () => Promise.reject(undefined)]) {
    Blob.prototype.arrayBuffer = read;
    try {
      const ends = bucket.upload(file(9)).done.then(() => "done", (error) => error.code);
      ok(["done", "file-changed"].includes(await ends), await ends);
    } finally {
      Blob.prototype.arrayBuffer = real;
    }
  }
});
