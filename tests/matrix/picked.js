// An upload that WebDriver drives from outside: it picks the file, starts it, and reloads, closes or kills this page
// meanwhile.

import { openBucket } from "/pkg/partway.js";
import { sha256 } from "../contract/service.js";

/** A token function that works once. */
const once = (token) => {
  let given = false;
  return () => {
    if (given) throw new Error("there is no other");
    given = true;
    return token;
  };
};

/**
 * Opens the bucket and uploads the picked file; `window.told` says how it goes. `options.tokenOnce`: the token is given
 * once; `options.download: false`: what is stored is not looked at.
 */
window.begin = async ({ tokenOnce, download = true, ...options }) => {
  const told = (window.told = { state: "queued", sent: 0, partsDone: 0, resumedFrom: 0, key: null, digest: null, error: null });
  try {
    const token = tokenOnce ? once(options.token) : options.token;
    const retry = { baseDelay: 50, maxDelay: 500, attempts: 100 };
    const bucket = await openBucket({ ...options, token, retry });
    const [file] = document.querySelector("#file").files;
    const upload = bucket.upload(file, {
      onProgress: ({ sent, partsDone, resumedFrom }) => Object.assign(told, { sent, partsDone, resumedFrom }),
      onState: (state) => (told.state = state),
    });
    const { key } = await upload.done;
    Object.assign(told, { key, resumedFrom: upload.progress.resumedFrom });
    if (!download) return;
    const entries = await bucket.list();
    if (entries.length !== 1 || !entries[0].completed) throw new Error(`the bucket holds ${JSON.stringify(entries)}`);
    told.digest = await sha256(await bucket.download(key));
  } catch (error) {
    told.error = `${error.code ?? error.name}: ${error.message}`;
  }
};
window.ready = true;
