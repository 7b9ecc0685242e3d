// What a page does with a bucket while its `Object.prototype` bears properties. In a frame of its own: who drives the
// browser reads objects of the page around it.

import { openBucket } from "/pkg/partway.js";
import { bytes, file, sha256 } from "./service.js";

/** What comes of it, as far as it is the same each time. */
async function use(options) {
  const bucket = await openBucket(options);
  const blob = await bucket.upload(new Blob([bytes(100)]), { name: "blob.bin" }).done;
  const { signal } = new AbortController();
  const listened = await bucket.upload(file(5000, "listened.bin"), { onProgress() {}, signal }).done;
  const plain = await bucket.upload(file(2000)).done;
  const aborted = bucket.upload(file(3000, "aborted.bin"), {});
  await aborted.abort({});
  await aborted.done.catch(() => {});
  const list = await bucket.list();
  const hash = await sha256(await bucket.download(listened.key));
  await bucket.remove(plain.key);
  const unfinished = await bucket.unfinished();
  bucket.close();
  const told = ({ name, nameScheme, nameAuthenticated, type, size, completed }) =>
    [name, nameScheme, nameAuthenticated, type, size, completed];
  return { made: [blob, listened, plain].map(told), list: list.map(told).sort(), hash, unfinished: unfinished.length };
}

/** The same under `properties`, as JSON. */
window.polluted = async (properties, options) => {
  Object.assign(Object.prototype, properties);
  try {
    return JSON.stringify(await use(options));
  } finally {
    for (const name of Object.keys(properties)) delete Object.prototype[name];
  }
};
