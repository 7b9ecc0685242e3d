/** What was picked together and until all of it had ended: one report says how it went. */

import { announce } from "./announce.js";
import { spokenName } from "./file-name.js";
import { counted } from "./format.js";

/** @typedef {import("./transfer.js").Transfer} Transfer */

/** The outcome of uploads so far. */
export class UploadBatch {
  constructor() {
    this.count = 0;
    /** @type {Transfer[]} */
    this.lost = [];
  }

  /** Counts a file that arrived. */
  stored() {
    this.count += 1;
  }

  /** @param {Transfer} transfer One that did not. */
  failed(transfer) {
    this.lost.push(transfer);
  }

  /** Says it aloud. */
  report() {
    if (this.count > 0) announce(`${counted(this.count, "file")} stored.`);
    const [first] = this.lost;
    if (!first) return;
    const reason = first.failure?.sentence ?? "";
    announce(this.lost.length === 1 ? `${spokenName(first.name)} was not stored. ${reason}`
      : `${counted(this.lost.length, "file")} were not stored. The first because: ${reason}`);
  }
}
