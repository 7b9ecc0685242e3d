/**
 * A long list of which only what is near the viewport is in the page, so that ten thousand rows cost no more than
 * fifty. The row that has the focus stays, with its neighbours, so that Tab reaches every row.
 */

import { bare } from "./own.js";

/** Rows that are all shown, and rows shown beyond each end of the viewport. */
const FEW = 60;
const BEYOND = 8;

/**
 * @template Value
 * @typedef {{ root: HTMLElement, draw: (value: Value) => void }} Row
 */

/** @template {object} Value */
export class VirtualList {
  /**
   * Those in the page, by the value's key, and what they show.
   * @type {Map<string, { row: Row<Value>, value: Value | null }>}
   */
  #rows = new Map();
  /** @type {readonly Value[]} */
  #values = [];
  #height = 0;
  #frame = 0;

  /**
   * @param {HTMLElement} root Scrolls.
   * @param {(value: Value) => string} key
   * @param {(value: Value) => Row<Value>} make
   * @param {() => void} onEmpty The row that had the focus is gone, and none is left.
   */
  constructor(root, key, make, onEmpty) {
    this.root = root;
    this.key = key;
    this.make = make;
    this.onEmpty = onEmpty;
    const soon = () => {
      this.#frame ||= requestAnimationFrame(() => this.#draw());
    };
    root.addEventListener("scroll", soon, bare({ passive: true }));
    root.addEventListener("focusin", soon);
    if (globalThis.ResizeObserver) {
      // Whoever has no place yet has no height either.
      new ResizeObserver(() => {
        this.#height = 0;
        soon();
      }).observe(root);
    }
  }

  /** @returns {number} The index of the row that has the focus, else -1. */
  #focused() {
    const { activeElement } = /** @type {ShadowRoot} */ (this.root.getRootNode());
    if (!activeElement || !this.root.contains(activeElement)) return -1;
    for (const [key, { row }] of this.#rows) {
      if (row.root.contains(activeElement)) return this.#values.findIndex((value) => this.key(value) === key);
    }
    return -1;
  }

  /** @param {readonly Value[]} values */
  show(values) {
    const at = this.#focused();
    this.#values = values;
    const gone = at >= 0 && this.#focused() < 0;
    this.#draw();
    // Whose row is gone has the focus on the one that took its place.
    if (gone) this.#focus(Math.min(at, values.length - 1));
  }

  /** Draws rows anew, whether their values changed or not. */
  redraw() {
    for (const shown of this.#rows.values()) shown.value = null;
    this.#draw();
  }

  /** @param {number} index */
  #focus(index) {
    const value = this.#values[index];
    const { root } = (value && this.#rows.get(this.key(value))?.row) ?? {};
    const target = root?.querySelector("button:not([hidden])");
    if (target) /** @type {HTMLElement} */ (target).focus();
    else this.onEmpty();
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { length } = this.#values;
    const many = length > FEW;
    this.root.classList.toggle("many", many);
    // Twice where the height of a row is not known yet.
    if (many && !this.#height) {
      if (!this.root.firstElementChild) this.#place([0]);
      this.#height = /** @type {HTMLElement | null} */ (this.root.firstElementChild)?.offsetHeight || 64;
    }
    this.#place(many ? this.#window() : null);
  }

  /** @returns {number[]} In their order. */
  #window() {
    const at = this.#focused();
    const from = Math.floor(this.root.scrollTop / this.#height) - BEYOND;
    const to = from + Math.ceil(this.root.clientHeight / this.#height) + 2 * BEYOND;
    /** @type {Set<number>} */
    const shown = new Set();
    if (at >= 0) for (const one of [at - 1, at, at + 1]) shown.add(one);
    for (let one = from; one <= to; one += 1) shown.add(one);
    return [...shown].filter((one) => one in this.#values).sort((a, b) => a - b);
  }

  /** @param {number[] | null} shown `null` for all. */
  #place(shown) {
    const { length } = this.#values;
    const indices = shown ?? this.#values.keys();
    const gone = new Set(this.#rows.keys());
    let before = -1;
    /** @type {HTMLElement[]} */
    const order = [];
    for (const index of indices) {
      const value = /** @type {Value} */ (this.#values[index]);
      const key = this.key(value);
      let shows = this.#rows.get(key);
      if (!shows) this.#rows.set(key, (shows = { row: this.make(value), value: null }));
      gone.delete(key);
      if (shows.value !== value) shows.row.draw(value);
      shows.value = value;
      const { root } = shows.row;
      root.ariaPosInSet = String(index + 1);
      root.ariaSetSize = String(length);
      // The rows left out before it are a margin.
      root.style.marginBlockStart = shown ? `${(index - before - 1) * this.#height}px` : "";
      before = index;
      order.push(root);
    }
    for (const key of gone) {
      this.#rows.get(key)?.row.root.remove();
      this.#rows.delete(key);
    }
    let place = this.root.firstElementChild;
    for (const root of order) {
      if (root === place) place = place.nextElementSibling;
      else this.root.insertBefore(root, place);
    }
    this.root.style.setProperty("--rest", shown ? `${(length - before - 1) * this.#height}px` : "0");
  }
}
