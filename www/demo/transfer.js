/** One file on its way into the bucket: where it comes from, the library's upload of it, and what became of it. */

import { failure } from "./failure.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").Upload} Upload */
/** @typedef {import("../partway.d.ts").UploadState} UploadState */
/** @typedef {import("../partway.d.ts").UploadProgress} UploadProgress */
/** @typedef {import("./dropped-items.js").Picked} Picked */
/** @typedef {import("./failure.js").Failure} Failure */

/** @typedef {import("../partway.d.ts").UploadOptions} UploadOptions */

/** @typedef {"state" | "progress"} Change */

/**
 * @typedef {object} Origin What is sent, and how the library gets it.
 * @property {string} name
 * @property {number} size
 * @property {(bucket: Bucket, options: UploadOptions) => Upload | Promise<Upload>} open Begins the upload, or goes on with it.
 */

/**
 * @param {Picked} picked
 * @returns {Origin}
 */
export const fromFile = ({ file, name, handle }) => ({
  name,
  size: file.size,
  open: (bucket, options) => bucket.upload(file, { ...options, name, ...(handle && { handle }) }),
});

const SETTLED = new Set(["done", "failed", "aborted"]);

/** Nothing known yet. @type {UploadProgress} */
const NONE = { sent: 0, total: 0, partsDone: 0, parts: 0, speed: 0, timeLeft: null, resumedFrom: 0 };

/**
 * Takes up an unfinished upload whose file the browser can reach by itself. Call it inside a click: it may have to ask.
 * @param {import("../partway.d.ts").UnfinishedUpload} unfinished
 * @returns {Promise<Origin>} Rejects, with code "invalid-file", where the file has to be picked again.
 */
export async function fromUnfinished(unfinished) {
  /** @type {UploadOptions} */
  let listener = {};
  /** @type {UploadOptions} */
  const relay = { onProgress: (progress) => listener.onProgress?.(progress), onState: (state) => listener.onState?.(state) };
  /** @type {Upload | null} */
  let ready = await unfinished.reopen(relay);
  return {
    name: unfinished.name ?? ready.name,
    size: unfinished.size,
    open: (_, options) => {
      listener = options;
      const upload = ready ?? unfinished.reopen(relay);
      ready = null;
      return upload;
    },
  };
}

/** A file and its upload; a retry keeps the transfer and makes a new upload. */
export class Transfer {
  /**
   * @param {Origin} origin
   * @param {(transfer: Transfer, change: Change) => void} onChange
   */
  constructor(origin, onChange) {
    this.origin = origin;
    this.name = origin.name;
    this.onChange = onChange;
    /** @type {UploadState} */
    this.state = "queued";
    /** @type {UploadProgress} */
    this.progress = { ...NONE, total: origin.size };
    /** @type {Failure | null} */
    this.failure = null;
    /** @type {Upload | null} */
    this.upload = null;
    /** How many uploads it has had: a retry makes another. */
    this.turn = 0;
  }

  /** Whether it will not change any more by itself. */
  get settled() {
    return SETTLED.has(this.state);
  }

  /** Whether the person could try the same file again. */
  get canRetry() {
    return this.state === "aborted" || (this.state === "failed" && (this.failure?.retryable ?? false));
  }

  /** The file's key in the bucket, once it has one. */
  get key() {
    return this.upload?.key;
  }

  /** Whether leaving the page would lose more than time: nothing of it is kept before it has a key. */
  get fleeting() {
    return !this.settled && this.key === undefined;
  }

  /** @param {Bucket} bucket Where the file goes. */
  start(bucket) {
    this.failure = null;
    this.progress = { ...NONE, total: this.origin.size };
    this.state = "queued";
    this.upload = null;
    // A report of an upload that a retry has replaced must not change the new one.
    const turn = (this.turn += 1);
    const current = () => turn === this.turn;
    try {
      const opened = this.origin.open(bucket, {
        onProgress: (progress) => {
          if (!current()) return;
          this.progress = progress;
          this.onChange(this, "progress");
        },
        onState: (state) => {
          if (current()) this.enter(state);
        },
      });
      if (opened instanceof Promise) opened.then((upload) => this.follow(upload, current), (error) => current() && this.fail(error));
      else this.follow(opened, current);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.onChange(this, "state");
  }

  /**
   * @param {Upload} upload
   * @param {() => boolean} current Whether it still is this transfer's upload.
   */
  follow(upload, current) {
    if (!current()) return;
    this.upload = upload;
    // It may have begun before anyone listened.
    this.enter(upload.state);
    upload.done.then(
      () => current() && this.enter("done"),
      (error) => {
        if (!current()) return;
        if (error?.name === "AbortError") this.enter("aborted");
        else this.fail(error);
      },
    );
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
