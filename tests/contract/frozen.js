// A page whose upload can be frozen: nothing of it runs, while its locks stay and its requests go on.

import { openBucket } from "/pkg/partway.js";

let upload;

onmessage = async ({ data: { open, file, freeze } }) => {
  if (open) {
    upload = (await openBucket(open)).upload(file);
    const told = setInterval(() => postMessage({ partsDone: upload.progress.partsDone }), 20);
    const end = await upload.done.then(({ key }) => ({ key }), ({ code }) => ({ code }));
    clearInterval(told);
    postMessage({ end });
  }
  if (freeze) {
    postMessage({ frozen: true });
    const request = new XMLHttpRequest();
    request.open("GET", freeze, false);
    try {
      request.send();
    } catch {
      // Whatever the answer was, the time is over.
    }
  }
};
