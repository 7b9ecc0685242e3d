// One who uploads, once: `window.begin(race)` starts it, `window.outcome` tells how it ended. A race is
// `{who, run, files: {count, bytes, disk}, settings, tus, session}`; each module of who/ gives a function that prepares
// and returns one that uploads, so that loading and opening are outside of the time.

import { longestTask } from "./longest-task.js";
import { memory } from "./memory.js";

const picker = document.querySelector("#file");

/** The picked files, or as many made in memory, all of the same bytes. */
function gather({ count, bytes, disk }) {
  if (disk) {
    const picked = [...picker.files];
    if (picked.length !== count || picked.some((file) => file.size !== bytes)) throw new Error("picked other files");
    return picked;
  }
  const body = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65_536)));
  const whole = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += body.length) whole.set(body.subarray(0, Math.min(body.length, bytes - at)), at);
  const one = new Blob([whole]);
  return Array.from({ length: count }, (_, i) => new File([one], `file-${i}.bin`, { lastModified: 1 + i }));
}

async function race({ who, run, files, settings, tus, session }) {
  const { prepare } = await import(`/built/${who}.js`);
  const place = `${location.origin}/run/${run}`;
  const go = await prepare({
    files: gather(files),
    settings,
    session,
    api: `${place}/v1`,
    s3: `${place}/s3`,
    put: `${place}/put`,
    tus: `${tus}/run/${run}/files`,
  });
  const before = await memory(who);
  const tasks = longestTask();
  const began = performance.timeOrigin + performance.now();
  window.began = began;
  const uploading = go();
  const queued = performance.timeOrigin + performance.now();
  const told = await uploading;
  const ended = performance.timeOrigin + performance.now();
  return { began, queued, ended, longest: await tasks.end(), before, after: await memory(who), ...told };
}

window.begin = (options) => {
  window.outcome = null;
  race(options).then(
    (outcome) => (window.outcome = outcome),
    (error) => (window.outcome = { error: `${error?.stack ?? error}` }),
  );
};
window.ready = true;
