// The API over the generated glue: what every entry exports. It does nothing on import, so that a server can import it
// too. The types are `partway.d.ts`.

import { load } from "./partway_load.js";
import { Bucket, Upload, identifyNames as identify, openBucket as open } from "./partway_wasm.js";

export { displayName, safeDownloadName } from "./partway_names.js";
export { Bucket, Upload };

/** Loads the module, from `source` if one is given. Once loaded, later calls do nothing. */
export default function init(source) {
  return load(source);
}

/** Opens a session's bucket. */
export async function openBucket(options) {
  await load();
  return open(options);
}

/** Which scheme turns `knownName` into `listedName`; null where none does. */
export async function identifyNames(sessionId, knownName, listedName) {
  for (const [key, text] of Object.entries({ sessionId, knownName, listedName })) {
    if (typeof text === "string") continue;
    const error = new Error(`${key}: must be a string, but it is of type ${typeof text}.`);
    throw Object.assign(error, { name: "PartwayError", code: "invalid-option", retryable: false });
  }
  await load();
  return identify(sessionId, knownName, listedName) ?? null;
}

/** Whether `error` is one of ours. */
export function isPartwayError(error) {
  // Of any frame: each has an `Error` of its own.
  return Object.prototype.toString.call(error) === "[object Error]" && error.name === "PartwayError";
}

// wasm-bindgen makes disposal free the handle at once, which would leave uploads running unseen.
if (typeof Symbol.dispose === "symbol") Bucket.prototype[Symbol.dispose] = Bucket.prototype.close;
