/**
 * The list of uploads. A thousand files may arrive at once: every one is handed to the library, only some get a row, and
 * however much the library reports, the page draws at most ten times a second.
 */

import { announce, answer, forgetReports } from "./announce.js";
import { setText } from "./element.js";
import { spokenName } from "./file-name.js";
import { count, counted, duration, percent, size, speed } from "./format.js";
import { breath, throttled } from "./frame.js";
import { Transfer } from "./transfer.js";
import { UploadRow } from "./upload-row.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("./dropped-items.js").Picked} Picked */
/** @typedef {import("./transfer.js").Change} Change */

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
   * @param {(change: "stored" | "removed" | "expired") => void} onBucketChange
   */
  constructor(root, onBucketChange) {
    /** @type {<T extends HTMLElement>(selector: string) => T} */
    const find = (selector) => /** @type {any} */ (root.querySelector(selector));
    this.root = root;
    this.list = find(".upload-list");
    this.total = find(".upload-total");
    this.more = find("[data-action=more-uploads]");
    this.pauseAll = find("[data-action=pause-all]");
    this.resumeAll = find("[data-action=resume-all]");
    this.clear = find("[data-action=clear-finished]");
    this.onBucketChange = onBucketChange;
    /** @type {Bucket | null} */
    this.bucket = null;
    /** @type {Set<Transfer>} The newest batch first, each in the order of picking. */
    this.transfers = new Set();
    /** @type {Map<Transfer, UploadRow>} */
    this.rows = new Map();
    /** @type {Set<Transfer>} Changed since the last drawing. */
    this.dirty = new Set();
    this.moved = false;
    this.limit = ROWS;
    /** @type {{ stored: number, failed: Transfer[] } | null} The batch under way. */
    this.batch = null;
    this.draw = throttled(() => this.drawNow(), DRAW_INTERVAL);

    this.more.addEventListener("click", () => {
      this.limit += ROWS;
      this.rearrange();
    });
    this.pauseAll.addEventListener("click", () => this.each((transfer) => !transfer.settled && transfer.pause()));
    this.resumeAll.addEventListener("click", () => this.each((transfer) => transfer.state === "paused" && transfer.resume()));
    this.clear.addEventListener("click", () => {
      this.each((transfer) => transfer.settled && this.transfers.delete(transfer));
      this.rearrange();
      document.getElementById("file-input")?.focus();
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

  /** Whether anything would be lost by leaving. */
  get busy() {
    return [...this.transfers].some((transfer) => !transfer.settled);
  }

  /** @param {Picked[]} picked */
  async add(picked) {
    const bucket = this.bucket;
    if (!bucket || picked.length === 0) return;
    this.batch ??= { stored: 0, failed: [] };
    const bytes = picked.reduce((sum, { file }) => sum + file.size, 0);
    announce(`Uploading ${picked.length === 1 ? spokenName(picked[0]?.name ?? "") : counted(picked.length, "file")}, ${size(bytes)}.`);
    const added = picked.map((one) => new Transfer(one, (transfer, change) => this.changed(transfer, change)));
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
    if (change === "state") {
      this.moved = true;
      if (transfer.settled) this.settled(transfer);
      // Changes of state are few, and a row must never show the word of one state in the colour of another.
      this.rows.get(transfer)?.draw();
    }
    this.draw();
  }

  /** @param {Transfer} transfer */
  settled(transfer) {
    if (transfer.state === "done") {
      if (this.batch) this.batch.stored += 1;
      this.onBucketChange("stored");
    } else if (transfer.state === "failed") {
      this.batch?.failed.push(transfer);
      if (transfer.failure?.code === "session-expired" || transfer.failure?.code === "unauthorized") this.onBucketChange("expired");
    } else {
      answer(`Cancelled ${spokenName(transfer.name)}.`);
      // The removal on the server may still be under way when the state says so.
      transfer.cancel().then(() => this.onBucketChange("removed"));
    }
    if (this.batch && !this.busy) this.endBatch(this.batch);
  }

  /** @param {{ stored: number, failed: Transfer[] }} batch */
  endBatch({ stored, failed }) {
    this.batch = null;
    if (stored > 0) announce(`${counted(stored, "file")} stored.`);
    const [first] = failed;
    if (!first) return;
    const reason = first.failure?.sentence ?? "";
    announce(failed.length === 1 ? `${spokenName(first.name)} was not stored. ${reason}`
      : `${counted(failed.length, "file")} were not stored. The first because: ${reason}`);
  }

  /** @param {Transfer} transfer */
  retry(transfer) {
    if (!this.bucket) return;
    this.batch ??= { stored: 0, failed: [] };
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
    this.drawSummary();
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

  drawSummary() {
    const tally = { sent: 0, total: 0, speed: 0, done: 0, failed: 0, paused: 0, open: 0, settled: 0 };
    for (const { state, progress, settled } of this.transfers) {
      if (settled) tally.settled += 1;
      if (state === "failed") tally.failed += 1;
      if (state === "failed" || state === "aborted") continue;
      tally.total += progress.total;
      tally.sent += state === "done" ? progress.total : progress.sent;
      if (state === "uploading") tally.speed += progress.speed;
      if (state === "done") tally.done += 1;
      else if (state === "paused") tally.paused += 1;
      else tally.open += 1;
    }
    const { size: all } = this.transfers;
    this.root.toggleAttribute("data-some", all > 0);
    const hidden = all - this.rows.size;
    this.more.hidden = hidden === 0;
    setText(this.more, `Show ${counted(Math.min(hidden, ROWS), "more file", "more files")} of ${count(hidden)}`);
    this.pauseAll.hidden = tally.open === 0 || all < 2;
    this.resumeAll.hidden = tally.open > 0 || tally.paused === 0 || all < 2;
    this.clear.hidden = tally.settled === 0;
    setText(this.total, all > 0 ? words(tally, all) : "");
  }
}

/**
 * @param {{ sent: number, total: number, speed: number, done: number, failed: number, paused: number, open: number }} tally
 * @param {number} all
 */
function words({ sent, total, speed: bytes, done, failed, paused, open }, all) {
  const said = [`${count(done)} of ${counted(all, "file")} stored`];
  if (failed > 0) said.push(`${count(failed)} failed`);
  if (open > 0 || paused > 0) said.push(`${percent(sent, total)} of ${size(total)}`);
  if (bytes > 0) said.push(speed(bytes), `${duration(((total - sent) / bytes) * 1000)} left`);
  return said.join(" · ");
}
