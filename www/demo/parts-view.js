/** The parts of what is under way: a map for each of a few files, from what the library says of their uploads. */

import { displayName } from "../pkg/partway.js";
import { element, setText } from "./element.js";
import { PartMap } from "./part-map.js";

/** @typedef {import("../element.d.ts").PartwayUploader} PartwayUploader */
/** @typedef {import("../element.d.ts").UploadSnapshot} UploadSnapshot */

const MOST_ROWS = 3;
const STILL = new Set(["paused", "done", "failed"]);

/** What is shown of one file. */
class Row {
  #map = new PartMap();
  #told = element("span", { class: "told" });

  /** @param {string} name */
  constructor(name) {
    const { stem, extension } = displayName(name);
    this.root = element("li", {},
      element("p", { class: "facts" }, element("bdi", { class: "of" }, stem + extension), this.#told), this.#map.root);
  }

  /** @param {UploadSnapshot["state"]} state @param {import("../partway.d.ts").UploadProgress} progress */
  draw(state, progress) {
    this.root.dataset.state = state;
    setText(this.#told, `${state === "done" ? progress.parts : progress.partsDone} of ${progress.parts} parts stored`);
    const all = { ...progress, sent: progress.total, partsDone: progress.parts };
    this.#map.draw(state === "done" ? all : progress, !STILL.has(state));
  }
}

/** A few rows; the ones shown last stay when nothing is under way any more. */
export class PartsView {
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /** @param {HTMLElement} root Holds `ul` and `.idle`. @param {PartwayUploader} uploader */
  constructor(root, uploader) {
    this.uploader = uploader;
    this.list = /** @type {HTMLElement} */ (root.querySelector("ul"));
    this.idle = /** @type {HTMLElement} */ (root.querySelector(".idle"));
  }

  draw() {
    for (const { file: { id, name, state }, progress } of this.#shown()) {
      let row = this.#rows.get(id);
      if (!row) {
        this.#rows.set(id, (row = new Row(name)));
        this.list.append(row.root);
      }
      row.draw(state, progress);
    }
    this.idle.hidden = this.#rows.size > 0;
  }

  /** Files of more than one part, those under way first; takes the rows of all others away. */
  #shown() {
    /** @type {{ file: UploadSnapshot, progress: import("../partway.d.ts").UploadProgress }[]} */
    const shown = [];
    /** @param {UploadSnapshot} file */
    const show = (file) => {
      const progress = shown.length < MOST_ROWS ? this.uploader.upload(file.id)?.progress : undefined;
      if (progress && progress.parts > 1) shown.push({ file, progress });
    };
    const { files } = this.uploader;
    for (const file of files) if (file.state !== "queued" && !STILL.has(file.state)) show(file);
    // What stands still stays where it was, as long as there is room and it is in the list.
    for (const file of files) {
      if (STILL.has(file.state) && (file.state === "paused" || this.#rows.has(file.id))) show(file);
    }
    const ids = new Set(shown.map(({ file }) => file.id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.root.remove();
      this.#rows.delete(id);
    }
    return shown;
  }
}
