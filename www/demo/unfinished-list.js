/** What a reload, a crash or a closed page left unfinished in this browser, for the session the page is in. */

import { announce } from "./announce.js";
import { counted } from "./format.js";
import { throttled } from "./frame.js";
import { UnfinishedRow } from "./unfinished-row.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").UnfinishedUpload} UnfinishedUpload */
/** @typedef {import("./transfer.js").Origin} Origin */

/** Least milliseconds between two readings, however many uploads end. */
const READ_INTERVAL = 700;

/**
 * @typedef {object} UnfinishedEvents
 * @property {(origin: Origin) => void} onGoOn
 * @property {() => Set<string>} underWay The keys of the uploads that run in this page: they are no news here.
 * @property {() => void} onForgotten
 * @property {() => void} onChange Called after each reading.
 */

/** The unfinished uploads on the page. */
export class UnfinishedList {
  /**
   * @param {HTMLElement} root Holds the list; hidden while there is none.
   * @param {UnfinishedEvents} events
   */
  constructor(root, events) {
    this.root = root;
    this.list = /** @type {HTMLElement} */ (root.querySelector("ul"));
    this.events = events;
    /** @type {Bucket | null} */
    this.bucket = null;
    /** @type {UnfinishedUpload[]} */
    this.entries = [];
    /** @type {Map<string, UnfinishedRow>} */
    this.rows = new Map();
    /** Reads the list soon; many calls make one reading. */
    this.refresh = throttled(() => void this.read(), READ_INTERVAL);
    addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.bucket) this.refresh();
    });
  }

  /** Whether there is anything to go on with. */
  get some() {
    return this.rows.size > 0;
  }

  /** @param {Bucket} bucket */
  async attach(bucket) {
    this.bucket = bucket;
    this.entries = [];
    this.draw();
    await this.read();
    if (this.some) announce(`${counted(this.rows.size, "upload")} can go on where ${this.rows.size === 1 ? "it" : "they"} stopped.`);
  }

  async read() {
    const { bucket } = this;
    // A library without a resume store has nothing to list.
    if (!bucket?.unfinished) return;
    try {
      const entries = await bucket.unfinished();
      if (bucket !== this.bucket) return;
      this.entries = entries.sort((a, b) => b.startedAt - a.startedAt);
    } catch {
      // A browser that lets nothing be stored, as some do in private windows: then nothing is kept, and all else works.
      if (bucket !== this.bucket) return;
      this.entries = [];
    }
    this.draw();
    this.events.onChange();
  }

  /** Draws what was read last, without what runs in this page. */
  draw() {
    // Asked for only when it matters: a thousand files make many thousand changes.
    const underWay = this.entries.length > 0 ? this.events.underWay() : new Set();
    const shown = this.entries.filter(({ key }) => !underWay.has(key));
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, row] of this.rows) {
      if (!keys.has(key)) this.take(key, row);
    }
    for (const entry of shown) {
      const row = this.rows.get(entry.key);
      if (row) row.update(entry);
      else {
        const made = new UnfinishedRow(entry, { goOn: this.events.onGoOn, forget: (key) => this.forget(key) });
        this.rows.set(entry.key, made);
        this.list.append(made.root);
      }
    }
    this.root.hidden = this.rows.size === 0;
  }

  /** @param {string} key */
  async forget(key) {
    await this.bucket?.forget(key);
    this.entries = this.entries.filter((entry) => entry.key !== key);
    this.draw();
    this.events.onChange();
    this.events.onForgotten();
  }

  /**
   * Takes a row away; the keyboard goes to its neighbour.
   * @param {string} key
   * @param {UnfinishedRow} row
   */
  take(key, row) {
    const focused = row.root.contains(document.activeElement);
    const next = row.root.nextElementSibling ?? row.root.previousElementSibling;
    row.root.remove();
    this.rows.delete(key);
    const target = next?.querySelector("button:not([hidden])") ?? document.getElementById("file-input");
    if (focused && target instanceof HTMLElement) target.focus();
  }
}
