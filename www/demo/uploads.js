/**
 * The list of uploads. A thousand files may arrive at once: every one is handed to the library, only some get a row, and
 * however much the library reports, the page draws at most ten times a second.
 */

import { announce, answer, forgetReports } from "./announce.js";
import { setText } from "./element.js";
import { spokenName } from "./file-name.js";
import { count, counted, percent, size } from "./format.js";
import { breath, throttled } from "./frame.js";
import { fromFile, Transfer } from "./transfer.js";
import { UploadBatch } from "./upload-batch.js";
import { UploadRow } from "./upload-row.js";
import { UploadSummary } from "./upload-summary.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("./dropped-items.js").Picked} Picked */
/** @typedef {import("./transfer.js").Change} Change */
/** @typedef {import("./transfer.js").Origin} Origin */

/**
 * @typedef {object} UploadEvents
 * @property {(change: "stored" | "removed" | "expired") => void} onBucketChange
 * @property {(transfer: Transfer) => void} onState Called after each change of a transfer's state.
 */

/** Rows shown at first, and added by each "Show more". */
const ROWS = 60;
/** Files handed to the library before the page takes a breath. */
const SLICE = 40;
const DRAW_INTERVAL = 100;

/** Which transfers get a row first: those where something happens or went wrong, then those to come, then the finished. */
const RANKS = /** @type {const} */ ([
  ["starting", "uploading", "waiting", "completing", "paused", "failed"],
  ["queued"],
  ["done", "aborted"],
]);

/** Every upload of the page's session, and their rows. */
export class Uploads {
  /**
   * @param {HTMLElement} root The pane: holds `.upload-list`, `.upload-total` and the buttons by their data-action.
   * @param {UploadEvents} events
   */
  constructor(root, { onBucketChange, onState }) {
    /** @type {<T extends HTMLElement>(selector: string) => T} */
    const find = (selector) => /** @type {any} */ (root.querySelector(selector));
    this.list = find(".upload-list");
    this.more = find("[data-action=more-uploads]");
    this.summary = new UploadSummary(root, {
      pauseAll: () => this.each((transfer) => !transfer.settled && transfer.pause()),
      resumeAll: () => this.each((transfer) => transfer.state === "paused" && transfer.resume()),
      clear: () => this.clear(),
    });
    this.onBucketChange = onBucketChange;
    this.onState = onState;
    /** @type {Bucket | null} */
    this.bucket = null;
    /** @type {Set<Transfer>} The newest batch first, each in the order of picking. */
    this.transfers = new Set();
    /** @type {Map<Transfer, UploadRow>} */
    this.rows = new Map();
    /** @type {Set<Transfer>} Changed since the last drawing. */
    this.dirty = new Set();
    /** @type {WeakSet<Transfer>} Those of which was said that they go on from where they stopped. */
    this.resumed = new WeakSet();
    this.moved = false;
    this.limit = ROWS;
    /** @type {UploadBatch | null} The batch under way. */
    this.batch = null;
    this.draw = throttled(() => this.drawNow(), DRAW_INTERVAL);

    this.more.addEventListener("click", () => {
      this.limit += ROWS;
      this.rearrange();
    });
    for (const name of ["online", "offline"]) {
      addEventListener(name, () => {
        this.each((transfer) => this.dirty.add(transfer));
        this.draw();
      });
    }
  }

  /** @param {Bucket} bucket Where files go from now on. Those of the bucket before are forgotten. */
  attach(bucket) {
    this.bucket = bucket;
    this.transfers.clear();
    forgetReports();
    this.batch = null;
    this.limit = ROWS;
    this.rearrange();
  }

  /** Whether an upload is under way. */
  get busy() {
    return [...this.transfers].some((transfer) => !transfer.settled);
  }

  /** Whether leaving would lose an upload for which nothing is kept yet. */
  get fleeting() {
    return [...this.transfers].some((transfer) => transfer.fleeting);
  }

  /** The keys of the files under way here. */
  get keys() {
    return new Set([...this.transfers].flatMap(({ settled, key }) => (settled || key === undefined ? [] : [key])));
  }

  /** @param {Picked[]} picked */
  add(picked) {
    return this.begin(picked.map(fromFile));
  }

  /** @param {Origin[]} origins */
  async begin(origins) {
    const bucket = this.bucket;
    if (!bucket || origins.length === 0) return;
    this.batch ??= new UploadBatch();
    const bytes = origins.reduce((sum, origin) => sum + origin.size, 0);
    announce(`Uploading ${origins.length === 1 ? spokenName(origins[0]?.name ?? "") : counted(origins.length, "file")}, ${size(bytes)}.`);
    const added = origins.map((origin) => new Transfer(origin, (transfer, change) => this.changed(transfer, change)));
    this.transfers = new Set([...added, ...this.transfers]);
    this.rearrange();
    for (const [index, transfer] of added.entries()) {
      // Another session may have been opened, or the file taken off the list, meanwhile.
      if (this.bucket !== bucket) return;
      if (this.transfers.has(transfer)) transfer.start(bucket);
      if (index % SLICE === SLICE - 1) await breath();
    }
  }

  /**
   * @param {Transfer} transfer
   * @param {Change} change
   */
  changed(transfer, change) {
    if (!this.transfers.has(transfer)) return;
    this.dirty.add(transfer);
    this.sayResumed(transfer);
    if (change === "state") {
      this.moved = true;
      if (transfer.settled) this.settled(transfer);
      // Changes of state are few, and a row must never show the word of one state in the colour of another.
      this.rows.get(transfer)?.draw();
      this.onState(transfer);
    }
    this.draw();
  }

  /** Says once that an upload did not begin from nothing. @param {Transfer} transfer */
  sayResumed(transfer) {
    const { resumedFrom, total } = transfer.progress;
    if (resumedFrom === 0 || this.resumed.has(transfer)) return;
    this.resumed.add(transfer);
    announce(`${spokenName(transfer.name)} goes on from ${percent(resumedFrom, total)}.`);
  }

  /** @param {Transfer} transfer */
  settled(transfer) {
    if (transfer.state === "done") {
      this.batch?.stored();
      this.onBucketChange("stored");
    } else if (transfer.state === "failed") {
      this.batch?.failed(transfer);
      if (transfer.failure?.code === "session-expired" || transfer.failure?.code === "unauthorized") this.onBucketChange("expired");
    } else {
      answer(`Cancelled ${spokenName(transfer.name)}.`);
      // The removal on the server may still be under way when the state says so.
      transfer.cancel().then(() => this.onBucketChange("removed"));
    }
    if (!this.batch || this.busy) return;
    this.batch.report();
    this.batch = null;
  }

  /** @param {Transfer} transfer */
  retry(transfer) {
    if (!this.bucket) return;
    this.batch ??= new UploadBatch();
    transfer.start(this.bucket);
  }

  /** @param {Transfer} transfer */
  dismiss(transfer) {
    const row = this.rows.get(transfer)?.root;
    const next = row?.nextElementSibling ?? row?.previousElementSibling;
    this.transfers.delete(transfer);
    this.rearrange();
    const target = next?.querySelector("button:not([hidden])") ?? document.getElementById("file-input");
    if (target instanceof HTMLElement) target.focus();
  }

  clear() {
    this.each((transfer) => transfer.settled && this.transfers.delete(transfer));
    this.rearrange();
    document.getElementById("file-input")?.focus();
  }

  /** @param {(transfer: Transfer) => void} act */
  each(act) {
    for (const transfer of [...this.transfers]) act(transfer);
  }

  /** Draws soon, with the rows chosen anew. */
  rearrange() {
    this.moved = true;
    this.draw();
  }

  drawNow() {
    if (this.moved) this.place();
    this.moved = false;
    for (const transfer of this.dirty) this.rows.get(transfer)?.draw();
    this.dirty.clear();
    this.summary.draw(this.transfers);
    const hidden = this.transfers.size - this.rows.size;
    this.more.hidden = hidden === 0;
    setText(this.more, `Show ${counted(Math.min(hidden, ROWS), "more file", "more files")} of ${count(hidden)}`);
  }

  /** Chooses who has a row and puts the rows in order, touching only what differs. */
  place() {
    const chosen = this.choose();
    for (const [transfer, row] of this.rows) {
      if (chosen.has(transfer)) continue;
      row.root.remove();
      this.rows.delete(transfer);
    }
    let place = this.list.firstElementChild;
    for (const transfer of this.transfers) {
      if (!chosen.has(transfer)) continue;
      let row = this.rows.get(transfer);
      if (!row) {
        row = new UploadRow(transfer, { retry: (one) => this.retry(one), dismiss: (one) => this.dismiss(one) });
        this.rows.set(transfer, row);
      }
      if (row.root === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.root, place);
    }
  }

  /** @returns {Set<Transfer>} */
  choose() {
    if (this.transfers.size <= this.limit) return new Set(this.transfers);
    /** @type {Set<Transfer>} */
    const chosen = new Set();
    // A row that holds the keyboard stays, whatever its rank.
    for (const [transfer, row] of this.rows) {
      if (this.transfers.has(transfer) && row.root.contains(document.activeElement)) chosen.add(transfer);
    }
    for (const rank of RANKS) {
      for (const transfer of this.transfers) {
        if (chosen.size >= this.limit) return chosen;
        if (/** @type {readonly string[]} */ (rank).includes(transfer.state)) chosen.add(transfer);
      }
    }
    return chosen;
  }
}
