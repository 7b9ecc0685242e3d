// The entry for browsers: the API, with the WebAssembly beside this file.

import { compile, offer } from "./partway_load.js";

export { default } from "./partway_api.js";
export * from "./partway_api.js";

offer(async () => {
  // As a literal: Vite, webpack, Parcel and Rollup's plugins look for just this, and emit the file.
  const beside = new URL("./partway_wasm_bg.wasm", import.meta.url);
  if (!beside.pathname.includes("/.vite/deps/")) return beside;
  // In dev mode Vite 5 to 7 bundles packages into node_modules/.vite/deps/, leaves the address as it is, and answers it
  // with index.html. The file itself is in the package, two folders up, unless the package is elsewhere: then that
  // first failure says what to do. Vite 8 needs none of this.
  return compile(beside).catch((missed) =>
    compile(new URL("../../partway/partway_wasm_bg.wasm", beside)).catch(() => {
      throw missed;
    }),
  );
}, 0);
