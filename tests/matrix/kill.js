// An upload for the test that kills the gateway, or this browser, under it. WebDriver picks the file and begins.

import { openBucket } from "/pkg/partway.js";
import { sha256 } from "../contract/service.js";

/** Opens the bucket and uploads the picked file; `window.told` says how it goes. */
window.begin = async (options) => {
  const told = (window.told = { state: "queued", partsDone: 0, resumedFrom: 0, digest: null, error: null });
  try {
    const bucket = await openBucket({ ...options, retry: { baseDelay: 50, maxDelay: 500, attempts: 100 } });
    const [file] = document.querySelector("#file").files;
    const upload = bucket.upload(file, {
      onProgress: ({ partsDone, resumedFrom }) => Object.assign(told, { partsDone, resumedFrom }),
      onState: (state) => (told.state = state),
    });
    const { key } = await upload.done;
    const entries = await bucket.list();
    if (entries.length !== 1 || !entries[0].completed) throw new Error(`the bucket holds ${JSON.stringify(entries)}`);
    told.resumedFrom = upload.progress.resumedFrom;
    told.digest = await sha256(await bucket.download(key));
  } catch (error) {
    told.error = `${error.code ?? error.name}: ${error.message}`;
  }
};
window.ready = true;
