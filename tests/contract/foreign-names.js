// Names against WebCrypto, which shares no code with ours.

import { identifyNames } from "/pkg/partway.js";
import { checkForeignVectors, checkVectors, openWithWebCrypto, readForeign, sealWithWebCrypto, writeForeign } from "./names.js";
import { ok, same, test } from "./test.js";
import { file, scenario } from "./service.js";

test("WebCrypto opens and seals the published vectors", async () => {
  const vectors = await (await fetch("/vectors/names.json")).json();
  const counts = await checkVectors(vectors);
  ok(counts.sealed > 50 && counts.refused > 100, JSON.stringify(counts));
});

test("WebCrypto opens what we seal, and we open what it seals", async () => {
  const service = await scenario();
  const bucket = await service.open();
  const { key } = await bucket.upload(file(4321, "ours \u{1F510}.txt", "text/plain")).done;
  const headers = { Authorization: `Bearer ${service.token}`, "Content-Type": "application/json" };
  const dto = await (await fetch(`${service.endpoint}/buckets/file/${key}`, { headers })).json();
  ok(dto.fileName.startsWith("pw1."), "the service sees an envelope");
  same(await openWithWebCrypto(service.sessionId, dto.fileName),
    { name: "ours \u{1F510}.txt", size: 4321, mime: "text/plain", modified: 1_700_000_000_000 });

  const encryptedName = await sealWithWebCrypto(service.sessionId, "théirs", { size: 1, mime: "image/png", modified: 5 });
  const body = JSON.stringify({ totalParts: 1, encryptedName, originalSizeInBytes: 1 });
  const { fileKey } = await (await fetch(`${service.endpoint}/buckets`, { method: "POST", headers, body })).json();
  const entry = await bucket.file(fileKey);
  same([entry.name, entry.type, entry.nameScheme, entry.nameAuthenticated, entry.completed],
    ["théirs", "image/png", "partway", true, false]);
});

test("WebCrypto writes and reads the published vectors of other software", async () => {
  const counts = await checkForeignVectors(await (await fetch("/vectors/schemes.json")).json());
  same(Object.keys(counts).filter((scheme) => counts[scheme] < 15), [], JSON.stringify(counts));
});

test("we read what WebCrypto writes in every scheme of other software", async () => {
  const names = ["a", "report.pdf", "fifteen-bytes.x", "sixteen-bytes.tx", "théirs \u{1F510}.txt", "n".repeat(255)];
  for (const sessionId of ["0f8fad5b-d9cb-469f-a165-70867728950e", "k7Q2m9-xZ4tR8_wB1nL6vC3-yH5sD0fG"]) {
    for (const scheme of ["gcm-sha256", "gcm-raw32", "cbc-raw32"]) {
      for (const name of names) {
        const text = await writeForeign(scheme, sessionId, name);
        same([await identifyNames(sessionId, name, text), await identifyNames(sessionId, "other", text)], [scheme, null], text);
      }
    }
  }
});

for (const names of ["gcm-sha256", "gcm-raw32", "cbc-raw32"]) {
  test(`WebCrypto reads what we write as ${names}`, async () => {
    const service = await scenario();
    const sessionId = "0f8fad5b-d9cb-469f-a165-70867728950e";
    const bucket = await service.open({ sessionId, names });
    const { key } = await bucket.upload(file(7, "ours \u{1F510}.txt", "text/plain")).done;
    const headers = { Authorization: `Bearer ${service.token}` };
    const { fileName } = await (await fetch(`${service.endpoint}/buckets/file/${key}`, { headers })).json();
    same(await readForeign(names, sessionId, fileName), "ours \u{1F510}.txt");
  });
}
