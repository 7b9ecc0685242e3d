/** One file of the bucket's list. */

import { IconButton, h, setText } from "./dom.js";
import { FileName, spokenName } from "./file-name.js";

/** @typedef {import("../partway.d.ts").FileEntry} FileEntry */

/**
 * @typedef {{ entry: FileEntry, asked: boolean, note: string, failed: boolean }} Listed `asked`: whether to delete
 *   it for good.
 */

/** Draws an entry. */
export class BucketRow {
  /**
   * @param {() => import("./language.js").Language} language
   * @param {() => boolean} readonly
   * @param {(action: string, entry: FileEntry) => void} act
   */
  constructor(language, readonly, act) {
    const name = new FileName();
    const meta = h("span", { part: "meta", class: "meta" });
    const message = h("span", { part: "message", class: "message" });
    /** @type {FileEntry | null} */
    let shown = null;
    const buttons = [0, 1, 2].map(() => new IconButton((action) => shown && act(action, shown)));
    this.root = h(
      "li",
      { part: "item", role: "listitem" },
      h("span", { class: "text" }, name.root, meta, message),
      h("span", { class: "actions" }, ...buttons.map(({ root }) => root)),
    );
    /** @param {Listed} listed */
    this.draw = ({ entry, asked, note, failed }) => {
      shown = entry;
      const texts = language();
      this.root.dataset.key = entry.key;
      const called = entry.name ?? texts.text("bucket.nameless");
      name.show(called);
      const told = [texts.size(entry.size)];
      if (!entry.completed) told.push(texts.text("bucket.incomplete"));
      if (entry.name !== null && !entry.nameAuthenticated) told.push(texts.text("bucket.unverified"));
      if (entry.sizeMatches === false) told.push(texts.text("bucket.size-differs"));
      if (!failed && note) told.push(note);
      setText(meta, told.join(" · "));
      setText(message, failed ? note : "");
      const actions = asked
        ? ["", "confirm", "keep"]
        : [entry.completed ? "download" : "", entry.completed ? "copy" : "", readonly() ? "" : "delete"];
      buttons.forEach((button, at) => {
        const action = actions[at] ?? "";
        const title = action && texts.text(action);
        button.show(action, title, texts.text("actionOn", { action: title, name: spokenName(called) }));
        if (action === "confirm") button.root.textContent = title;
      });
    };
  }
}
