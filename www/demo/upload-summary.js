/** The line above the uploads: how many are stored, how far all are, and the buttons that act on all of them. */

import { setText } from "./element.js";
import { count, counted, duration, percent, size, speed } from "./format.js";

/** @typedef {import("./transfer.js").Transfer} Transfer */

/** @typedef {{ sent: number, total: number, speed: number, done: number, failed: number, paused: number, open: number, settled: number }} Tally */

/** The view of all transfers together. */
export class UploadSummary {
  /**
   * @param {HTMLElement} root The pane: holds `.upload-total` and the buttons by their data-action.
   * @param {{ pauseAll: () => void, resumeAll: () => void, clear: () => void }} actions
   */
  constructor(root, actions) {
    /** @type {<T extends HTMLElement>(selector: string) => T} */
    const find = (selector) => /** @type {any} */ (root.querySelector(selector));
    this.root = root;
    this.total = find(".upload-total");
    this.pauseAll = find("[data-action=pause-all]");
    this.resumeAll = find("[data-action=resume-all]");
    this.clear = find("[data-action=clear-finished]");
    this.pauseAll.addEventListener("click", actions.pauseAll);
    this.resumeAll.addEventListener("click", actions.resumeAll);
    this.clear.addEventListener("click", actions.clear);
  }

  /** @param {Set<Transfer>} transfers */
  draw(transfers) {
    const tally = tallyOf(transfers);
    const { size: all } = transfers;
    this.root.toggleAttribute("data-some", all > 0);
    this.pauseAll.hidden = tally.open === 0 || all < 2;
    this.resumeAll.hidden = tally.open > 0 || tally.paused === 0 || all < 2;
    this.clear.hidden = tally.settled === 0;
    setText(this.total, all > 0 ? words(tally, all) : "");
  }
}

/**
 * @param {Iterable<Transfer>} transfers
 * @returns {Tally}
 */
function tallyOf(transfers) {
  const tally = { sent: 0, total: 0, speed: 0, done: 0, failed: 0, paused: 0, open: 0, settled: 0 };
  for (const { state, progress, settled } of transfers) {
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
  return tally;
}

/**
 * @param {Tally} tally
 * @param {number} all
 */
function words({ sent, total, speed: bytes, done, failed, paused, open }, all) {
  const said = [`${count(done)} of ${counted(all, "file")} stored`];
  if (failed > 0) said.push(`${count(failed)} failed`);
  if (open > 0 || paused > 0) said.push(`${percent(sent, total)} of ${size(total)}`);
  if (bytes > 0) said.push(speed(bytes), `${duration(((total - sent) / bytes) * 1000)} left`);
  return said.join(" · ");
}
