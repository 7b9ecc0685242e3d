/** What the bucket holds, read again after each change and whenever the page comes back to the front. */

import { answer } from "./announce.js";
import { BucketEntry } from "./bucket-entry.js";
import { element, setText } from "./element.js";
import { failure } from "./failure.js";
import { counted, size } from "./format.js";
import { breath, throttled } from "./frame.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").FileEntry} FileEntry */

/** Rows shown at first, and added by each "Show more". */
const ROWS = 100;
/** Least milliseconds between two readings of the list, however many uploads end. */
const READ_INTERVAL = 700;

const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** The bucket's side of the page. */
export class BucketList {
  /**
   * @param {HTMLElement} root The pane: holds `.bucket-list`, `.bucket-total`, `.bucket-empty`, `.bucket-error` and buttons.
   * @param {(code: string) => void} onFailure
   */
  constructor(root, onFailure) {
    /** @type {<T extends HTMLElement>(selector: string) => T} */
    const find = (selector) => /** @type {any} */ (root.querySelector(selector));
    this.list = find(".bucket-list");
    this.total = find(".bucket-total");
    this.empty = find(".bucket-empty");
    this.error = find(".bucket-error");
    this.heading = find("h2");
    this.more = find("[data-action=more-entries]");
    const again = find("[data-action=refresh]");
    this.onFailure = onFailure;
    /** @type {Bucket | null} */
    this.bucket = null;
    /** @type {FileEntry[]} */
    this.entries = [];
    /** @type {Map<string, BucketEntry>} */
    this.rows = new Map();
    this.limit = ROWS;
    this.reading = false;
    this.stale = false;
    /** Reads the list soon; many calls make one reading. */
    this.refresh = throttled(() => void this.read(), READ_INTERVAL);

    again.addEventListener("click", async () => {
      if (await this.read()) answer(`The bucket holds ${counted(this.entries.length, "file")}.`);
    });
    this.more.addEventListener("click", () => {
      this.limit += ROWS;
      this.draw();
    });
    addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.bucket) this.refresh();
    });
  }

  /** @param {Bucket} bucket @returns {Promise<boolean>} Whether its list could be read. */
  attach(bucket) {
    this.bucket = bucket;
    this.entries = [];
    this.rows.clear();
    this.limit = ROWS;
    this.list.replaceChildren();
    this.list.removeAttribute("data-read");
    return this.read();
  }

  /** @returns {Promise<boolean>} */
  async read() {
    // One reading at a time: a change during one makes another after it.
    this.stale = true;
    if (this.reading) return false;
    this.reading = true;
    let well = true;
    while (this.stale) {
      this.stale = false;
      well = await this.readOnce();
    }
    this.reading = false;
    return well;
  }

  async readOnce() {
    const bucket = this.bucket;
    if (!bucket) return false;
    try {
      const entries = await bucket.list();
      if (bucket !== this.bucket) return false;
      this.entries = entries.sort(byName);
      this.error.hidden = true;
      this.draw();
      // From now on a new row is news, and is drawn as such.
      requestAnimationFrame(() => this.list.toggleAttribute("data-read", true));
      return true;
    } catch (error) {
      if (bucket !== this.bucket) return false;
      const { sentence, code } = failure(error);
      this.error.hidden = false;
      this.error.replaceChildren("The list could not be read. ", sentence, " ", element("code", {}, code));
      this.onFailure(code);
      await breath();
      return false;
    }
  }

  draw() {
    const bucket = this.bucket;
    if (!bucket) return;
    const shown = this.entries.slice(0, this.limit);
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, row] of this.rows) {
      if (!keys.has(key)) this.drop(key, row);
    }
    let place = this.list.firstElementChild;
    for (const entry of shown) {
      let row = this.rows.get(entry.key);
      if (row) row.update(entry);
      else {
        row = new BucketEntry(bucket, entry, (key) => this.removed(key));
        this.rows.set(entry.key, row);
      }
      if (row.root === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.root, place);
    }
    const hidden = this.entries.length - shown.length;
    this.more.hidden = hidden === 0;
    setText(this.more, `Show ${counted(Math.min(hidden, ROWS), "more file", "more files")}`);
    this.empty.hidden = this.entries.length > 0;
    const bytes = this.entries.reduce((sum, entry) => sum + entry.size, 0);
    setText(this.total, this.entries.length ? `${counted(this.entries.length, "file")}, ${size(bytes)}` : "Empty");
  }

  /** @param {string} key */
  removed(key) {
    this.entries = this.entries.filter((entry) => entry.key !== key);
    this.draw();
    this.refresh();
  }

  /**
   * @param {string} key
   * @param {BucketEntry} row
   */
  drop(key, row) {
    const focused = row.root.contains(document.activeElement);
    const next = row.root.nextElementSibling ?? row.root.previousElementSibling;
    row.root.remove();
    this.rows.delete(key);
    if (!focused) return;
    const target = next?.querySelector("button:not([hidden])") ?? this.heading;
    if (target instanceof HTMLElement) target.focus();
  }
}

/**
 * @param {FileEntry} a
 * @param {FileEntry} b
 */
function byName(a, b) {
  // Unreadable names last: there is nothing to look them up by.
  if (a.name === null || b.name === null) return Number(a.name === null) - Number(b.name === null);
  return order.compare(a.name, b.name);
}
