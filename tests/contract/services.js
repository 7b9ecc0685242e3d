// Two services with one session ID, in one origin, are two.

import { aborts, ok, same, test, until } from "./test.js";
import { MIB, calls, file, scenario, sha256 } from "./service.js";
import { storedByTheVersionBefore } from "./earlier.js";

const PART = 5 * MIB;
const slow = [{ match: { method: "PUT" }, do: { delayMs: 250 } }];
const starts = async (service) => calls(await service.log()).filter((call) => call === "POST /buckets").length;

/** Uploads `sent` until so many parts of it are stored, and closes the bucket then. */
async function stopped(bucket, sent, parts) {
  const upload = bucket.upload(sent);
  await until(() => upload.progress.partsDone >= parts, `${parts} parts`);
  bucket.close();
  await aborts(upload.done);
  return upload;
}

test("two services with one session ID are two, at the same time and after a stop", async () => {
  const [one, two] = [await scenario(slow), await scenario(slow)];
  const options = { partSize: PART, parallel: 2, sessionId: one.sessionId };
  const buckets = [await one.open(options), await two.open(options)];
  const sent = file(6 * PART);
  const uploads = buckets.map((bucket) => bucket.upload(sent));
  await until(() => uploads.every(({ progress }) => progress.partsDone >= 1), "a part at each");
  ok(uploads[0].key !== uploads[1].key, "they are one upload");
  await uploads[0].abort({ keep: true });
  // The other goes on; what the first left is not its own.
  same((await buckets[0].unfinished()).map(({ key }) => key), [uploads[0].key]);
  same(await buckets[1].unfinished(), []);
  await uploads[1].abort({ keep: true });
  same((await buckets[1].unfinished()).map(({ key }) => key), [uploads[1].key]);
  const entries = await Promise.all(buckets.map((bucket) => bucket.upload(sent).done));
  same(entries.map(({ key }) => key), uploads.map(({ key }) => key));
  for (const [place, bucket] of buckets.entries()) {
    same((await bucket.list()).map(({ key, completed }) => [key, completed]), [[entries[place].key, true]]);
    same(await sha256(await bucket.download(entries[place].key)), await sha256(sent));
    same(await bucket.unfinished(), []);
  }
  same([await starts(one), await starts(two)], [1, 1]);
});

test("an endpoint is the same however it is written", async () => {
  const service = await scenario(slow);
  const first = await service.open({ partSize: PART, parallel: 2 });
  const sent = file(4 * PART);
  const upload = await stopped(first, sent, 1);
  // Its lock is let go of a little later.
  const { protocol, host, pathname } = new URL(service.endpoint);
  const second = await service.open({ endpoint: `${protocol.toUpperCase()}//${host}${pathname}//` });
  await until(async () => (await second.unfinished()).length > 0, "what was left");
  same((await second.unfinished()).map(({ key }) => key), [upload.key]);
});

test("what the version before stored is found once, by the service that has it", async () => {
  const [one, two] = [await scenario(), await scenario()];
  const sent = file(3 * PART);
  const headers = { Authorization: `Bearer ${one.token}` };
  const start = { totalParts: 3, encryptedName: null, originalSizeInBytes: sent.size };
  const asked = { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(start) };
  const { fileKey: key, uploadId } = await (await fetch(`${one.endpoint}/buckets`, asked)).json();
  const part = { method: "PUT", headers: { ...headers, partNumber: "1", key, uploadId, "Content-Type": "application/octet-stream" }, body: sent.slice(0, PART) };
  const { tag } = await (await fetch(`${one.endpoint}/buckets`, part)).json();

  const options = { partSize: PART, sessionId: one.sessionId };
  const [first, second] = [await one.open(options), await two.open(options)];
  same(await first.unfinished(), []);
  await storedByTheVersionBefore({ sessionId: one.sessionId, file: sent, key, uploadId, partSize: PART, tags: [tag] });
  same((await first.unfinished()).map((left) => [left.key, left.name, left.stored]), [[key, sent.name, PART]]);
  // The service that does not know the key begins anew, and leaves it to the other.
  const other = second.upload(sent);
  ok((await other.done).key !== key, "it is another's");
  same(other.progress.resumedFrom, 0);
  same((await first.unfinished()).map(({ key }) => key), [key]);
  const upload = first.upload(sent);
  same([(await upload.done).key, upload.progress.resumedFrom], [key, PART]);
  same(await sha256(await first.download(key)), await sha256(sent));
  for (const bucket of [first, second]) same(await bucket.unfinished(), []);
  const again = first.upload(sent);
  ok((await again.done).key !== key, "what is done is not gone on with");
});

test("the same file of another date goes on, and is not refused because of itself", async () => {
  const service = await scenario(slow, { maxFiles: 1 });
  const bucket = await service.open({ partSize: PART, parallel: 2 });
  const sent = file(4 * PART);
  const upload = await stopped(bucket, sent, 2);
  const again = await service.open({ partSize: PART });
  const picked = new File([sent], sent.name, { type: sent.type, lastModified: sent.lastModified + 1 });
  same((await again.upload(picked).done).key, upload.key);
  same(await sha256(await again.download(upload.key)), await sha256(sent));
  same([await starts(service), await again.unfinished()], [1, []]);
});
