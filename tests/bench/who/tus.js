// tus-js-client: one request for all of a file; `early` sends it with the one that creates the upload. What makes
// several uploads of a file is not raced: @tus/server cannot join them.

import { Upload } from "tus-js-client";
import { pool } from "../pool.js";

export async function prepare({ files, tus, settings: { early = false } }) {
  const upload = (file) =>
    new Promise((onSuccess, onError) => {
      const one = new Upload(file, {
        endpoint: tus,
        uploadDataDuringCreation: early,
        metadata: { filename: file.name },
        onSuccess,
        onError,
      });
      one.findPreviousUploads().then(([previous]) => {
        if (previous) one.resumeFromPreviousUpload(previous);
        one.start();
      }, onError);
    });
  return () => pool(files, 6, upload);
}
