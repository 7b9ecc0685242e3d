/** Where files are dropped and pasted. */

import { filesOf, hasFiles } from "./dropped.js";
import { bare } from "./own.js";

/**
 * How long after the last sign of a drag it counts as gone, in milliseconds: not every engine says where a drag
 * leaves to.
 */
const GONE = 120;

/** Listens on one node until it is stopped. */
export class DropTarget {
  #listening = new AbortController();
  #leaving = 0;

  /**
   * @param {object} options
   * @param {EventTarget | null} options.drop
   * @param {EventTarget | null} options.paste
   * @param {() => boolean} options.open Whether files are taken now.
   * @param {() => boolean} options.folders Whether folders are.
   * @param {(over: boolean) => void} options.onOver
   * @param {(found: import("./dropped.js").Found) => void} options.onFiles
   */
  constructor({ drop, paste, open, folders, onOver, onFiles }) {
    const { signal } = this.#listening;
    /** @param {EventTarget | null} target @param {string[]} types @param {(event: any) => void} listener */
    const on = (target, types, listener) =>
      types.forEach((type) => target?.addEventListener(type, listener, bare({ signal })));
    const leave = () => {
      clearTimeout(this.#leaving);
      onOver(false);
    };
    on(drop, ["dragenter", "dragover"], (event) => {
      if (event.defaultPrevented || !hasFiles(event.dataTransfer)) return;
      // Also where nothing is taken: the browser would leave the page for the file.
      event.preventDefault();
      event.dataTransfer.dropEffect = open() ? "copy" : "none";
      clearTimeout(this.#leaving);
      onOver(open());
    });
    on(drop, ["dragleave"], () => {
      clearTimeout(this.#leaving);
      this.#leaving = +setTimeout(leave, GONE);
    });
    on(drop, ["dragend"], leave);
    on(drop, ["drop"], (event) => {
      leave();
      if (event.defaultPrevented || !hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      if (open()) void filesOf(event.dataTransfer, folders()).then(onFiles);
    });
    on(paste, ["paste"], (event) => {
      // Text is still pasted where it was to go.
      if (event.defaultPrevented || !open() || !hasFiles(event.clipboardData)) return;
      event.preventDefault();
      void filesOf(event.clipboardData, folders()).then(onFiles);
    });
  }

  /** Listens no more. */
  stop() {
    clearTimeout(this.#leaving);
    this.#listening.abort();
  }
}
