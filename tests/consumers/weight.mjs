// What the element adds to an app that has the library: bundled and minified as apps do it, languages apart.

import { build } from "esbuild";
import { brotliCompressSync, constants } from "node:zlib";

/** Most bytes after brotli. */
const BUDGET = 15_000;

const { outputFiles } = await build({
  entryPoints: ["node_modules/partway/element/index.js"],
  bundle: true,
  format: "esm",
  minify: true,
  external: ["*/partway.js", "./languages/*"],
  write: false,
  logLevel: "error",
});
const [{ contents }] = outputFiles;
const { length } = brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
console.log(`the element: ${contents.length} bytes minified, ${length} after brotli, of at most ${BUDGET}`);
if (length > BUDGET) process.exit(1);
