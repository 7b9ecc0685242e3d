/** What an earlier visit left: to go on with, or to give up. */

import { h } from "./dom.js";
import { FileName, spokenName } from "./file-name.js";

/** @typedef {import("../partway.d.ts").UnfinishedUpload} UnfinishedUpload */

/** A few rows with two buttons each; gone where there is nothing. */
export class UnfinishedList {
  #heading = h("h3");
  #list = h("ul", { role: "list" });
  root = h("section", { part: "unfinished", hidden: true }, this.#heading, this.#list);
  /** @type {readonly UnfinishedUpload[] | null} */
  #shown = null;

  /** @param {(action: "reopen" | "forget", upload: UnfinishedUpload) => void} act */
  constructor(act) {
    this.act = act;
  }

  /** Draws it anew next time. */
  forget() {
    this.#shown = null;
  }

  /** @param {readonly UnfinishedUpload[]} uploads @param {import("./language.js").Language} language */
  show(uploads, language) {
    if (uploads === this.#shown) return;
    this.#shown = uploads;
    this.root.hidden = uploads.length === 0;
    this.#heading.textContent = language.text("unfinished");
    this.#list.replaceChildren(
      ...uploads.map((upload) => {
        const name = new FileName();
        name.show(upload.name ?? upload.key);
        const meta = language.text("unfinishedOf", {
          stored: language.size(upload.stored),
          total: language.size(upload.size),
        });
        const buttons = /** @type {const} */ (["reopen", "forget"]).map((action) => {
          const title = language.text(action);
          const label = language.text("actionOn", { action: title, name: spokenName(upload.name ?? upload.key) });
          return h(
            "button",
            {
              type: "button",
              part: "action",
              "data-action": action,
              "aria-label": label,
              click: () => this.act(action, upload),
            },
            title,
          );
        });
        return h(
          "li",
          {},
          h("span", { class: "text" }, name.root, h("span", { class: "meta" }, meta)),
          h("span", { class: "actions" }, ...buttons),
        );
      }),
    );
  }
}
