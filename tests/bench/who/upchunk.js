// @mux/upchunk: ranges, one after the other.

import { createUpload } from "@mux/upchunk";
import { pool } from "../pool.js";

export async function prepare({ files, put, settings: { slice, dynamic = false } }) {
  const best = slice ? { chunkSize: slice / 1024, dynamicChunkSize: dynamic } : {};
  const upload = (file) =>
    new Promise((resolve, reject) => {
      const one = createUpload({ endpoint: `${put}/${encodeURIComponent(file.name)}`, file, ...best });
      one.on("success", () => resolve());
      one.on("error", ({ detail }) => reject(new Error(detail?.message ?? "upchunk")));
    });
  return () => pool(files, 6, upload);
}
