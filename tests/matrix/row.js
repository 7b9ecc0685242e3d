// One fault and one file: the upload, and what must be true when it has ended.

import { ok, same } from "../contract/test.js";
import { MIB, file, ownHeaders, scenario, sha256 } from "../contract/service.js";

const PART = 5 * MIB;

const source = (label, length) => {
  let made;
  return {
    label,
    length,
    parts: Math.max(1, Math.ceil(length / PART)),
    // The bytes are made once; a file for each upload.
    content: () => (made ??= (async () => {
      const blob = file(length);
      return { blob, digest: await sha256(blob) };
    })()),
  };
};

export const sizes = [
  source("0 B", 0),
  source("1 B", 1),
  source("one part", PART),
  source("one part + 1 B", PART + 1),
  source("12 parts", 12 * PART),
];

/** Uploads the file to the gateway at `origin` under the fault. Throws where a promise is broken. */
export async function run(fault, size, origin, network) {
  const service = await scenario(fault.rules, {}, origin);
  const { blob, digest } = await size.content();
  const sent = new File([blob], `${fault.name} ${size.label}`, { lastModified: 1_700_000_000_000 });
  // Setting the rules forgets the log.
  let before = [];
  const log = async () => [...before, ...(await service.log())];
  const heal = async () => {
    before = await log();
    await service.rules([]);
  };
  // Requests whose answers nobody waits for any more.
  let forsaken = new Set();
  const forsake = async (which) => {
    forsaken = new Set((await log()).flatMap((entry, place) => (which(entry) ? [place] : [])));
  };
  let asked = 0;
  const bucket = await service.open({
    token: () => (asked++ === 0 ? service.token : service.join()),
    partSize: PART,
    retry: { baseDelay: 50, maxDelay: 500, attempts: 12 },
    ...fault.options,
  });
  try {
    const upload = bucket.upload(sent);
    const again = () => bucket.upload(sent).done;
    const entry = fault.act
      ? await fault.act({ service: { ...service, log, heal, forsake }, bucket, upload, again, network })
      : await upload.done;
    const requests = await log();
    if (fault.ends !== "aborted") {
      same([entry.completed, entry.size, entry.parts], [true, size.length, size.parts]);
      same((await bucket.list()).map(({ key, completed }) => [key, completed]), [[entry.key, true]], "the bucket");
      ok((await sha256(await bucket.download(entry.key))) === digest, "what is stored is another file");
      await bucket.remove(entry.key);
    }
    met(fault, requests);
    if (!fault.again) storedOnce(requests, fault.ends === "aborted" ? 0 : size.parts, forsaken);
    for (const request of requests) same(ownHeaders(request).unknown, [], `${request.method} ${request.path} sends`);
  } catch (error) {
    const lines = (await log()).map(({ at, method, path, partNumber, status, acted, fault, bodyBytes }) =>
      `  ${at} ms ${method} ${path.replace(/[0-9a-f]{20,}/, "…")} ${partNumber ?? ""} -> ${status} (acted: ${acted}, fault: ${fault}, ${bodyBytes} B)`);
    throw new Error(`${error.stack ?? ""}\n${error}\n${lines.join("\n")}`);
  } finally {
    bucket.close();
  }
}

/** Every rule has struck, or the row would show nothing. */
function met({ rules }, requests) {
  for (const { match } of rules) {
    const { method: wanted = "*", path: where = "" } = match ?? {};
    const isMatch = ({ method, path }) => (wanted === "*" || method === wanted) && new RegExp(where).test(path);
    ok(requests.some((request) => request.fault !== null && isMatch(request)), `no ${wanted} ${where} met its fault`);
  }
}

/** Each part is stored, and only once: again only where the fault took the answer, or nobody waited for it any more. */
function storedOnce(requests, parts, forsaken) {
  const stored = new Map();
  for (const [place, { method, key, partNumber, acted, status, fault }] of requests.entries()) {
    if (method !== "PUT" || acted !== 200) continue;
    const known = stored.get(`${key} ${partNumber}`);
    ok(known !== "answered", `part ${partNumber} was stored twice`);
    const lost = forsaken.has(place) || (fault !== null && (status !== 200 || /^(cut|hang-headers|body|status)/.test(fault)));
    stored.set(`${key} ${partNumber}`, lost ? "lost" : "answered");
  }
  ok(stored.size >= parts, `${stored.size} of ${parts} parts were stored`);
}
