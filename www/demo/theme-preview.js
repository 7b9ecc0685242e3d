/** What the theme editor shows beside its fields: an uploader whose bucket only looks as if it sent something. */

/** @typedef {import("../element.d.ts").PartwayUploader} PartwayUploader */
/** @typedef {import("../partway.d.ts").UploadState} UploadState */

const SIZE = 48_000_000;
/** Share that is stored of each file, by its name. @type {Record<string, number>} */
const STORED = { "Sommer am Bodensee.mp4": 0.62, "Vertrag 2026.pdf": 1 };

/** Holds no bytes: only its size is shown. */
class Picture extends File {
  get size() {
    return SIZE;
  }
}

/** @param {PartwayUploader} uploader */
export function fillPreview(uploader) {
  uploader.bucket = /** @type {any} */ ({
    /** @param {File} file @param {import("../partway.d.ts").UploadOptions} options */
    upload(file, { name = "", onProgress }) {
      const share = STORED[name] ?? 0;
      const sent = share * SIZE;
      const progress = { sent, total: SIZE, partsDone: 3, parts: 6, speed: 5_400_000, timeLeft: 3400, resumedFrom: 0 };
      if (share < 1) queueMicrotask(() => onProgress?.(progress));
      const entry = { key: name, name, size: SIZE, completed: true, nameAuthenticated: true };
      const done = share === 1 ? Promise.resolve(entry) : new Promise(() => {});
      return { state: "uploading", progress, key: name, done, pause() {}, resume() {}, async abort() {} };
    },
    unfinished: async () => [],
  });
  uploader.add([...Object.keys(STORED), "setup.exe"].map((name) => new Picture([], name)));
}
