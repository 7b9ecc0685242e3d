/** One unfinished upload: its name, how much of it is stored, and the two things one can do: go on, or forget it. */

import { answer } from "./announce.js";
import { button, element, setText } from "./element.js";
import { failure, isAbort } from "./failure.js";
import { fileName, spokenName } from "./file-name.js";
import { givesHandles, pickOne } from "./file-picker.js";
import { clock, percent, size } from "./format.js";
import { fromFile, fromUnfinished } from "./transfer.js";

/** @typedef {import("../partway.d.ts").UnfinishedUpload} UnfinishedUpload */
/** @typedef {import("./transfer.js").Origin} Origin */

/**
 * @typedef {object} UnfinishedActions
 * @property {(origin: Origin) => void} goOn
 * @property {(key: string) => Promise<void>} forget
 */

/** The view of an upload that a reload or a crash left unfinished. */
export class UnfinishedRow {
  /**
   * @param {UnfinishedUpload} entry
   * @param {UnfinishedActions} actions
   */
  constructor(entry, actions) {
    this.entry = entry;
    this.actions = actions;
    const { key, name } = entry;
    this.spoken = name === null ? "the upload with an unreadable name" : spokenName(name);
    this.open = button({ action: "reopen", text: "Go on", label: `Go on with ${this.spoken}`, kind: "plain" });
    this.drop = button({ action: "forget", text: "Forget", label: `Forget ${this.spoken}` });
    this.bar = element("progress", { max: 1, value: 0, "aria-label": `Stored of ${this.spoken}` });
    this.facts = element("p", { class: "facts" });
    this.hint = element("p", { class: "hint", hidden: true }, "Choose the file again to go on. What is stored is not sent again.");
    this.error = element("p", { class: "error", hidden: true });
    this.root = element("li", { class: "unfinished", "data-unfinished": "", "data-key": key },
      element("div", { class: "row-head" },
        name === null ? element("span", { class: "unreadable" }, "Unreadable name") : fileName(name),
        element("span", { class: "entry-actions" }, this.open, this.drop)),
      this.bar, this.facts, this.hint, this.error);
    /** Whether the file has to be picked again; the library knows for certain once it is asked. */
    this.lost = false;
    this.asking = false;
    if (!givesHandles()) this.lose();

    this.open.addEventListener("click", () => void this.goOn());
    this.drop.addEventListener("click", () => void this.forget());
    this.update(entry);
  }

  /** @param {UnfinishedUpload} entry What the library says now. */
  update(entry) {
    this.entry = entry;
    const { stored, size: all, startedAt } = entry;
    this.bar.value = all > 0 ? Math.min(1, stored / all) : 0;
    setText(this.facts, `${size(stored)} of ${size(all)} stored, ${percent(stored, all)} · begun ${clock(startedAt)}`);
  }

  /** From now on the button opens the file dialogue. */
  lose() {
    this.lost = true;
    this.hint.hidden = false;
    setText(/** @type {Node} */ (this.open.firstChild), "Choose the file");
    this.open.setAttribute("aria-label", `Choose the file to go on with ${this.spoken}`);
  }

  async goOn() {
    // Not by disabling the button, which would take the keyboard from it.
    if (this.asking) return;
    this.asking = true;
    this.complain(null);
    try {
      const origin = (this.lost ? null : await this.reopen()) ?? (this.lost ? await this.pick() : null);
      if (origin) this.actions.goOn(origin);
    } catch (error) {
      if (!isAbort(error)) this.complain(error);
    }
    this.asking = false;
  }

  /** @returns {Promise<Origin | null>} `null` where the file has to be picked again. */
  async reopen() {
    try {
      return await fromUnfinished(this.entry);
    } catch (error) {
      if (failure(error).code !== "invalid-file") throw error;
      this.lose();
      return null;
    }
  }

  /** @returns {Promise<Origin | null>} */
  async pick() {
    const picked = await pickOne();
    if (!picked) return null;
    const { name, size: whole } = this.entry;
    if (picked.file.size !== whole) {
      const [here, wanted] = [size(picked.file.size), size(whole)];
      this.say(here === wanted ? "That is another file: it has not the same size." : `That is another file: it has ${here}, not ${wanted}.`);
      return null;
    }
    // A file picked by itself does not tell the folder it was in when it began.
    const same = name?.split("/").at(-1) === picked.name;
    return fromFile(same && name ? { ...picked, name } : picked);
  }

  async forget() {
    this.complain(null);
    try {
      await this.actions.forget(this.entry.key);
      answer(`Forgot ${this.spoken}.`);
    } catch (error) {
      this.complain(error);
    }
  }

  /** @param {unknown} error `null` takes the last complaint away. */
  complain(error) {
    this.error.hidden = error === null;
    if (error === null) return;
    const { sentence, code } = failure(error);
    this.say(sentence);
    this.error.append(" ", element("code", {}, code));
  }

  /** @param {string} sentence */
  say(sentence) {
    this.error.hidden = false;
    setText(this.error, sentence);
    answer(sentence);
  }
}
