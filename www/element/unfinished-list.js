/** What an earlier visit left: to go on with, or to give up. */

import { h } from "./dom.js";
import { FileName, spokenName } from "./file-name.js";

/** @typedef {import("../partway.d.ts").UnfinishedUpload} UnfinishedUpload */

/** @typedef {import("./language.js").Language} Language */

/** A few rows with two buttons each; gone where there is nothing. Giving up is asked about: what is stored goes too. */
export class UnfinishedList {
  #heading = h("h3");
  #list = h("ul", { role: "list" });
  root = h("section", { part: "unfinished", hidden: true }, this.#heading, this.#list);
  /** @type {readonly UnfinishedUpload[] | null} */
  #shown = null;
  /** The one that is to be given up, if the person says so again. @type {UnfinishedUpload | null} */
  #asked = null;

  /** @param {(action: "reopen" | "forget", upload: UnfinishedUpload) => void} act */
  constructor(act) {
    this.act = act;
  }

  /** Draws it anew next time. */
  forget() {
    this.#shown = null;
  }

  /** @param {readonly UnfinishedUpload[]} uploads @param {Language} language */
  show(uploads, language) {
    if (uploads === this.#shown) return;
    this.#shown = uploads;
    this.root.hidden = uploads.length === 0;
    this.#heading.textContent = language.text("unfinished");
    this.#list.replaceChildren(...uploads.map((upload) => this.#row(upload, language)));
  }

  /** @param {UnfinishedUpload} upload @param {Language} language @returns {HTMLElement} */
  #row(upload, language) {
    const name = new FileName();
    name.show(upload.name ?? upload.key);
    const meta = language.text("unfinishedOf", {
      stored: language.size(upload.stored),
      total: language.size(upload.size),
    });
    const actions = upload === this.#asked ? ["confirm", "keep"] : ["reopen", "forget"];
    const buttons = actions.map((action) => {
      const title = language.text(action);
      const label = language.text("actionOn", { action: title, name: spokenName(upload.name ?? upload.key) });
      const click = () => this.#press(action, upload, language);
      return h("button", { type: "button", part: "action", "data-action": action, "aria-label": label, click }, title);
    });
    return h(
      "li",
      {},
      h("span", { class: "text" }, name.root, h("span", { class: "meta" }, meta)),
      h("span", { class: "actions" }, ...buttons),
    );
  }

  /** @param {string} action @param {UnfinishedUpload} upload @param {Language} language */
  #press(action, upload, language) {
    const uploads = this.#shown ?? [];
    const asks = action === "forget";
    this.#asked = asks ? upload : null;
    this.forget();
    this.show(uploads, language);
    // Its place is where the other was, so that pressing twice gives nothing up.
    const focus = this.#list.children[uploads.indexOf(upload)]?.querySelector("button:last-of-type");
    /** @type {HTMLElement | null | undefined} */ (focus)?.focus();
    if (action === "confirm") this.act("forget", upload);
    else if (action === "reopen") this.act("reopen", upload);
  }
}
