// The name envelope against WebCrypto, which shares no code with ours.

import { checkVectors, openWithWebCrypto, sealWithWebCrypto } from "./names.js";
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
