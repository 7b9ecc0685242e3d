// Bundles each of who/ into `built/`, minified, and prints what they and Partway weigh after brotli, as JSON.
// node build.mjs SOURCE TOOLS PKG: this folder, what npm installed, the package.

import { readFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const [source, tools, pkg] = process.argv.slice(2);
const { build } = createRequire(join(tools, "package.json"))("esbuild");
const built = join(tools, "built");
await mkdir(built, { recursive: true });

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
const shared = { bundle: true, format: "esm", minify: true, logLevel: "error", legalComments: "none" };
// The names of packages are looked for where npm installed them.
const nodePaths = (folder) => [join(tools, folder, "node_modules")];

for (const who of ["limit", "partway", "uppy", "tus", "lib-storage", "upchunk", "uppy5", "names"]) {
  const folder = who === "uppy5" ? "uppy5" : "";
  await build({
    ...shared,
    entryPoints: [join(source, "who", `${who}.js`)],
    outfile: join(built, `${who}.js`),
    nodePaths: nodePaths(folder),
  });
}

/** What a page loads of a package that it imports so. */
async function weigh(contents, folder = "") {
  const { outputFiles } = await build({
    ...shared,
    stdin: { contents, resolveDir: join(tools, folder) },
    external: ["*.wasm"],
    write: false,
  });
  return brotli(outputFiles[0].contents);
}

const glue = await weigh(`export * from ${JSON.stringify(join(pkg, "partway.js"))}`);
console.log(
  JSON.stringify({
    partway: glue + brotli(await readFile(join(pkg, "partway_wasm_bg.wasm"))),
    uppy: await weigh('export { default as Uppy } from "@uppy/core"; export { default as S3 } from "@uppy/aws-s3"'),
    uppy5: await weigh('export { default as Uppy } from "@uppy/core"; export { default as S3 } from "@uppy/aws-s3"', "uppy5"),
    tus: await weigh('export { Upload } from "tus-js-client"'),
    "lib-storage": await weigh(
      'export { Upload } from "@aws-sdk/lib-storage"; export { S3Client } from "@aws-sdk/client-s3"',
    ),
    upchunk: await weigh('export { createUpload } from "@mux/upchunk"'),
  }),
);
