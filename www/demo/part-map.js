/**
 * The map of an upload's parts: one cell a part, or one for many when there are too many to see. The library reports
 * how many parts are stored and how many bytes have gone out; bytes beyond the stored parts are drawn as parts on
 * their way.
 */

import { element } from "./element.js";

/** @typedef {import("../partway.d.ts").UploadProgress} UploadProgress */

/** Most cells of one map: more would be smaller than the eye and cost layout for nothing. */
const MOST_CELLS = 240;

/** The drawing of one upload's parts. Decoration for assistive technology: the words beside it say the same. */
export class PartMap {
  constructor() {
    /** @readonly */
    this.root = element("div", { class: "part-map", "data-parts": "", "aria-hidden": "true" });
    /** @type {HTMLElement[]} */
    this.cells = [];
    /** @type {string[]} What each cell shows, so that only changed cells touch the DOM. */
    this.shown = [];
    this.parts = 0;
  }

  /**
   * @param {Pick<UploadProgress, "sent" | "total" | "partsDone" | "parts">} progress
   * @param {boolean} moving Whether bytes are on their way; when not, none are drawn so.
   */
  draw({ sent, total, partsDone, parts }, moving) {
    if (parts !== this.parts) this.build(parts);
    const cells = this.cells.length;
    const bytesPerPart = total / Math.max(1, parts);
    // In units of cells. All parts but the last are equal, so the last is a little smaller than drawn.
    const stored = parts > 0 ? (partsDone / parts) * cells : 0;
    const beyond = bytesPerPart > 0 ? Math.max(0, sent / bytesPerPart - partsDone) : 0;
    const reached = moving && parts > 0 ? Math.min(cells, stored + (beyond / parts) * cells) : stored;
    this.root.dataset.partsDone = String(partsDone);
    for (let index = 0; index < cells; index += 1) {
      const done = Math.min(1, Math.max(0, stored - index));
      const under = Math.min(1, Math.max(0, reached - index));
      this.paint(index, done, under);
    }
  }

  /**
   * @param {number} index
   * @param {number} done Share of the cell that is stored.
   * @param {number} reached Share that is stored or on its way; never less than `done`.
   */
  paint(index, done, reached) {
    const cell = this.cells[index];
    if (!cell) return;
    // Steps of 1/20 are as fine as a cell can show.
    const doneStep = Math.floor(done * 20 + 1e-6);
    const reachedStep = Math.max(doneStep, Math.ceil(reached * 20 - 1e-6));
    const look = `${doneStep} ${reachedStep}`;
    if (this.shown[index] === look) return;
    this.shown[index] = look;
    cell.dataset.cell = doneStep === 20 ? "done" : reachedStep > 0 ? "moving" : "waiting";
    cell.style.setProperty("--done", `${doneStep * 5}%`);
    cell.style.setProperty("--reached", `${reachedStep * 5}%`);
  }

  /** @param {number} parts */
  build(parts) {
    this.parts = parts;
    const count = Math.min(parts, MOST_CELLS);
    this.cells = Array.from({ length: count }, () => element("i", { "data-cell": "waiting" }));
    this.shown = [];
    this.root.dataset.parts = String(parts);
    this.root.replaceChildren(...this.cells);
  }
}
