/** One file on its way into the bucket: the picked file, the library's upload of it, and what became of it. */

import { failure } from "./failure.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").Upload} Upload */
/** @typedef {import("../partway.d.ts").UploadState} UploadState */
/** @typedef {import("../partway.d.ts").UploadProgress} UploadProgress */
/** @typedef {import("./dropped-items.js").Picked} Picked */
/** @typedef {import("./failure.js").Failure} Failure */

/** @typedef {"state" | "progress"} Change */

const SETTLED = new Set(["done", "failed", "aborted"]);

/** Nothing known yet. @type {UploadProgress} */
const NONE = { sent: 0, total: 0, partsDone: 0, parts: 0, speed: 0, timeLeft: null, resumedFrom: 0 };

/** A file and its upload; a retry keeps the transfer and makes a new upload. */
export class Transfer {
  /**
   * @param {Picked} picked
   * @param {(transfer: Transfer, change: Change) => void} onChange
   */
  constructor({ file, name }, onChange) {
    this.file = file;
    this.name = name;
    this.onChange = onChange;
    /** @type {UploadState} */
    this.state = "queued";
    /** @type {UploadProgress} */
    this.progress = { ...NONE, total: file.size };
    /** @type {Failure | null} */
    this.failure = null;
    /** @type {Upload | null} */
    this.upload = null;
  }

  /** Whether it will not change any more by itself. */
  get settled() {
    return SETTLED.has(this.state);
  }

  /** Whether the person could try the same file again. */
  get canRetry() {
    return this.state === "aborted" || (this.state === "failed" && (this.failure?.retryable ?? false));
  }

  /** @param {Bucket} bucket Where the file goes. */
  start(bucket) {
    this.failure = null;
    this.progress = { ...NONE, total: this.file.size };
    this.state = "queued";
    // A report of an upload that a retry has replaced must not change the new one.
    /** @type {Upload | null} */
    let mine = null;
    const current = () => mine === null || this.upload === mine;
    try {
      mine = bucket.upload(this.file, {
        name: this.name,
        onProgress: (progress) => {
          if (!current()) return;
          this.progress = progress;
          this.onChange(this, "progress");
        },
        onState: (state) => {
          if (current()) this.enter(state);
        },
      });
    } catch (error) {
      this.fail(error);
      return;
    }
    this.upload = mine;
    mine.done.then(
      () => current() && this.enter("done"),
      (error) => {
        if (!current()) return;
        if (error?.name === "AbortError") this.enter("aborted");
        else this.fail(error);
      },
    );
    this.onChange(this, "state");
  }

  pause() {
    this.upload?.pause();
  }

  resume() {
    this.upload?.resume();
  }

  /** Stops and removes what was stored. @returns {Promise<void>} Never rejects: a removal that failed leaves an incomplete file in the list. */
  async cancel() {
    await this.upload?.abort().catch(() => {});
  }

  /** @param {UploadState} state */
  enter(state) {
    // "failed" is shown once its reason is known: `done` rejects right after.
    if (state === this.state || state === "failed") return;
    this.state = state;
    if (this.upload) this.progress = this.upload.progress;
    this.onChange(this, "state");
  }

  /** @param {unknown} error */
  fail(error) {
    this.failure = failure(error);
    this.state = "failed";
    if (this.upload) this.progress = this.upload.progress;
    this.onChange(this, "state");
  }
}
