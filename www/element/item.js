/** One file of the store: where it comes from, the library's upload of it, and what became of it. */

import { own } from "./own.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").Upload} Upload */
/** @typedef {import("../partway.d.ts").UploadOptions} UploadOptions */
/** @typedef {import("../element.d.ts").UploadSnapshot} UploadSnapshot */

/**
 * @typedef {object} Source
 * @property {Blob} file
 * @property {string} name
 * @property {number} size
 * @property {FileSystemFileHandle} [handle]
 * @property {(options: UploadOptions) => Upload | Promise<Upload>} [reopen] How an upload of an earlier visit goes on.
 */

/**
 * @typedef {{ code: NonNullable<UploadSnapshot["error"]>["code"], retryable: boolean, message: () => string }}
 *   Failure
 */

/** @typedef {{ sent: number, speed: number, timeLeft: number | null }} Progress */

/** @type {Progress} */
const NONE = Object.freeze({ sent: 0, speed: 0, timeLeft: null });

let count = 0;

/** What changes of a file, and the frozen snapshot of it. */
export class Item {
  /** @type {UploadSnapshot | null} */
  #snapshot = null;
  id = `file-${++count}`;
  /** @type {UploadSnapshot["state"]} */
  state = "queued";
  /** @type {Progress} */
  progress = NONE;
  /** @type {Failure | null} */
  failure = null;
  /** @type {Upload | undefined} */
  upload;
  /** Whether it waited for `start()` when it was paused. */
  idle = false;
  /** Uploads it has had: what an earlier one reports is no news. */
  turn = 0;

  /** @param {Source} source */
  constructor(source) {
    this.source = source;
  }

  /** Begins the upload, or goes on with it. @param {Bucket} bucket @param {UploadOptions} options */
  open(bucket, options) {
    const { file, name } = this.source;
    const [handle, reopen] = [own(this.source, "handle"), own(this.source, "reopen")];
    if (reopen) return reopen(options);
    return bucket.upload(file, handle ? { ...options, name, handle } : { ...options, name });
  }

  /** @returns {UploadSnapshot} The same object until something changes. */
  get snapshot() {
    return (this.#snapshot ??= this.#freeze());
  }

  /** @returns {UploadSnapshot} */
  #freeze() {
    const {
      id,
      source: { file, name, size },
      state,
      progress: { sent, speed, timeLeft },
      failure,
    } = this;
    const error =
      failure && Object.freeze({ code: failure.code, message: failure.message(), retryable: failure.retryable });
    return Object.freeze({ id, file, name, size, state, sent, speed, timeLeft, key: this.upload?.key, error });
  }

  /** @param {Partial<Pick<Item, "state" | "progress" | "failure" | "upload">>} change */
  change(change) {
    Object.assign(this, change);
    this.#snapshot = null;
  }

  /** Back to where it was before any upload. @param {UploadSnapshot["state"]} state */
  reset(state) {
    this.turn += 1;
    this.change({ state, progress: NONE, failure: null, upload: undefined });
  }
}
