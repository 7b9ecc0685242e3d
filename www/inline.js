// The entry for bundlers that copy no assets: the API, with the WebAssembly as base64 in a module of its own, which is
// loaded when it is first needed. The build makes that module.

import { offer } from "./partway_load.js";

export { default } from "./partway_api.js";
export * from "./partway_api.js";

offer(async () => {
  const { default: base64 } = await import("./partway_wasm_inline.js");
  return Uint8Array.fromBase64?.(base64) ?? Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}, 2);
