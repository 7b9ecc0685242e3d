// The entry for Node, Deno and Bun: the API, with the WebAssembly read from the disk, since Node's `fetch` takes no
// file: address.

import { offer } from "./partway_load.js";

export { default } from "./partway_api.js";
export * from "./partway_api.js";

offer(async () => {
  const { readFile } = await import("node:fs/promises");
  return readFile(new URL("./partway_wasm_bg.wasm", import.meta.url));
}, 1);
