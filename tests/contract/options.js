// Wrong options: refused by name, before any request.

import { openBucket } from "/pkg/partway.js";
import { fails, ok, same, test } from "./test.js";
import { file, scenario } from "./service.js";

const good = { endpoint: "https://api.example/v1", token: "secret-token", sessionId: "secret-session" };

test("good options are taken", async () => {
  const more = [
    {}, { endpoint: new URL("https://api.example/v1/") }, { endpoint: "http://localhost:1/v1" },
    { endpoint: "http://127.0.0.1:1" }, { endpoint: "http://[::1]:1/v1" }, { token: () => "t" },
    { token: async () => "t" }, { apiKey: "key" }, { names: "partway" }, { names: "plain", sessionId: undefined },
    { partSize: 5 * 1024 * 1024 }, { parallel: 1 }, { parallel: 6 }, { retry: false }, { retry: {} },
    { retry: { attempts: 1, baseDelay: 0, maxDelay: 0 } }, { stallTimeout: 1000 }, { resume: false },
    { rules: "ignore" }, { rules: "fetch" }, { rules: {} }, { rules: { maxFiles: 1, maxTotalMegaBytes: 0.5, expiry: 1 } },
  ];
  for (const options of more) (await openBucket({ ...good, ...options })).close();
});

const wrong = {
  endpoint: [undefined, 5, "", "/v1", "ftp://a/b", "http://example.com/v1", "http://127.0.0.1.example/", "https://u:p@a/",
    "https://a/?q=1", "https://a/#f", null, {}],
  token: [undefined, "", 5, null, {}, "line\nbreak", "tökén", ["t"]],
  sessionId: [undefined, "", 5, null, {}],
  apiKey: ["", 5, null, "a\r\nb"],
  names: ["Partway", "aes", 1, null],
  partSize: [0, -1, 1.5, NaN, Infinity, "8388608", 5 * 1024 * 1024 - 1, null, 2 ** 53],
  parallel: [0, 7, 2.5, NaN, "4", null, -1],
  retry: [true, 3, "no", null, { attempts: 0 }, { attempts: -1 }, { attempts: NaN }, { baseDelay: -1 },
    { maxDelay: "1" }, { retries: 3 }],
  stallTimeout: [0, -1, NaN, "30", null],
  resume: [0, "yes", null],
  rules: [5, "no", null, { maxfiles: 1 }, { maxFiles: -1 }, { maxFiles: 1.5 }, { maxTotalMegaBytes: NaN }, { expiry: "x" }],
};

for (const [key, values] of Object.entries(wrong)) {
  test(`a wrong ${key} is refused by name`, async () => {
    for (const value of values) {
      const error = await fails(openBucket({ ...good, [key]: value }), "invalid-option");
      ok(error.message.includes(key), `the message names ${key}: ${error.message}`);
      ok(!error.message.includes("secret"), `the message holds a secret: ${error.message}`);
    }
  });
}

test("an unknown option, or no object at all, is refused", async () => {
  const error = await fails(openBucket({ ...good, partsize: 1 }), "invalid-option");
  ok(error.message.includes("partsize"), error.message);
  for (const value of [undefined, null, 5, "x", []]) await fails(openBucket(value), "invalid-option");
});

test("what is not a file is refused before any request", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const upload = async (...args) => bucket.upload(...args).done;
  for (const value of [undefined, null, {}, "path", 5, [], new ArrayBuffer(1), { size: 1, slice() {} }]) {
    await fails(upload(value), "invalid-file");
  }
  await fails(upload(new Blob(["nameless"])), "invalid-file");
  for (const options of [{ name: "" }, { name: 5 }, { name: "x".repeat(2000) }, { name: "\ud800" }, { onprogress() {} },
    { onProgress: 1 }, { onState: "x" }, { signal: {} }, { handle: 3 }, 5, null]) {
    await fails(upload(file(1), options), "invalid-option");
  }
  // A path of 342 Chinese characters: how long it is and may be is told, and neither of them is sent.
  const path = "深".repeat(342);
  const [byOption, byName] = [await fails(upload(file(1), { name: path }), "invalid-option"), await fails(upload(file(1, path)), "invalid-file")];
  for (const { message } of [byOption, byName]) {
    ok(message.includes("has 1026 bytes of UTF-8, and may have 1 to 1024") && !message.includes("深"), message);
  }
  for (const options of [{ signal: 1 }, { signals: undefined }, 7]) await fails(bucket.list(options), "invalid-option");
  same(await service.log(), []);
});
