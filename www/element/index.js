/** Defines both elements, once. Importing it without a DOM does nothing. The API is `element.d.ts`. */

import { PartwayBucket } from "./bucket.js";
import { PartwayUploader } from "./uploader.js";

export { UploadStore } from "./store.js";
export { PartwayBucket, PartwayUploader };

const registry = globalThis.customElements;
// The uploader first: a bucket's element looks for its uploader.
for (const [name, element] of /** @type {const} */ ([
  ["partway-uploader", PartwayUploader],
  ["partway-bucket", PartwayBucket],
])) {
  if (registry && !registry.get(name)) registry.define(name, element);
}
