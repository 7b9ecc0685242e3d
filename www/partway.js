// Partway's entry module. It loads the WebAssembly when it is first needed, and does nothing on import, so that a
// server can import it too. The API is `partway.d.ts`.

import load, { Bucket, Upload, identifyNames as identify, openBucket as open } from "./partway_wasm.js";

export { displayName, safeDownloadName } from "./partway_names.js";
export { Bucket, Upload };

let loading;

/** Loads the module: from beside this file, or from `source`. Once loaded, later calls do nothing. */
export default function init(source) {
  loading ??= load(source === undefined ? undefined : { module_or_path: source }).then(
    () => undefined,
    (error) => {
      loading = undefined; // so that a passing failure can be mended by another call
      throw error;
    },
  );
  return loading;
}

/** Opens a session's bucket. */
export async function openBucket(options) {
  await init();
  return open(options);
}

/** Which scheme turns `knownName` into `listedName`; null where none does. */
export async function identifyNames(sessionId, knownName, listedName) {
  for (const [key, text] of Object.entries({ sessionId, knownName, listedName })) {
    if (typeof text === "string") continue;
    const error = new Error(`${key}: must be a string, but it is of type ${typeof text}.`);
    throw Object.assign(error, { name: "PartwayError", code: "invalid-option", retryable: false });
  }
  await init();
  return identify(sessionId, knownName, listedName) ?? null;
}

/** Whether `error` is one of ours. */
export function isPartwayError(error) {
  return error instanceof Error && error.name === "PartwayError";
}

// wasm-bindgen makes disposal free the handle at once, which would leave uploads running unseen.
if (typeof Symbol.dispose === "symbol") Bucket.prototype[Symbol.dispose] = Bucket.prototype.close;
