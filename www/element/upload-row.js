/** One file of the uploader's list. */

import { IconButton, h, setText } from "./dom.js";
import { FileName, spokenName } from "./file-name.js";

/** @typedef {import("../element.d.ts").UploadSnapshot} UploadSnapshot */
/** @typedef {import("./language.js").Language} Language */

/** The actions of each state: the first may change under the focus. @type {Record<string, [string, string]>} */
const ACTIONS = {
  completing: ["", "cancel"],
  paused: ["resume", "cancel"],
  done: ["", "remove"],
  failed: ["retry", "remove"],
  rejected: ["", "remove"],
};

/** Draws a snapshot. */
export class UploadRow {
  #name = new FileName();
  #meta = h("span", { part: "meta", class: "meta" });
  #progress = h("progress", { part: "progress", max: "1" });
  #message = h("span", { part: "message", class: "message" });

  /**
   * @param {() => Language} language
   * @param {(action: string, id: string) => void} act
   */
  constructor(language, act) {
    this.language = language;
    /** @type {UploadSnapshot | null} */
    let shown = null;
    const buttons = [0, 1].map(() => new IconButton((action) => shown && act(action, shown.id)));
    this.root = h(
      "li",
      { part: "item", role: "listitem" },
      h("span", { class: "text" }, this.#name.root, this.#meta, this.#message),
      h("span", { class: "actions" }, ...buttons.map(({ root }) => root)),
      this.#progress,
    );
    /** @param {UploadSnapshot} snapshot */
    this.draw = (snapshot) => {
      shown = snapshot;
      this.#show(snapshot);
      const { state, name, error } = snapshot;
      const actions = ACTIONS[state] ?? ["pause", "cancel"];
      buttons.forEach((button, at) => {
        const action = actions[at] ?? "";
        // What would fail again needs another file.
        if (action === "" || (action === "retry" && !canRetry(error))) return button.show("");
        const title = this.language().text(action);
        button.show(action, title, this.language().text("actionOn", { action: title, name: spokenName(name) }));
      });
    };
  }

  /** @param {UploadSnapshot} snapshot */
  #show({ id, name, size, state, sent, speed, timeLeft, error }) {
    const language = this.language();
    const { dataset } = this.root;
    dataset.id = id;
    dataset.state = state;
    this.#name.show(name);
    const told = [language.text(`state.${state}`)];
    if (sent > 0 && sent < size)
      told.push(language.text("sentOf", { sent: language.size(sent), total: language.size(size) }));
    else if (size > 0) told.push(language.size(size));
    if (speed > 0) told.push(language.speed(speed));
    if (timeLeft !== null && timeLeft > 0) told.push(language.text("left", { time: language.duration(timeLeft) }));
    setText(this.#meta, told.join(" · "));
    setText(this.#message, error?.message ?? "");
    const under = sent > 0 && !["done", "failed", "rejected"].includes(state);
    this.#progress.hidden = !under && !["starting", "uploading", "completing"].includes(state);
    if (this.#progress.hidden) return;
    if (under) this.#progress.value = size > 0 ? sent / size : 1;
    else this.#progress.removeAttribute("value");
    this.#progress.ariaLabel = language.text("progressOf", { name: spokenName(name) });
  }
}

/** @param {UploadSnapshot["error"]} error */
const canRetry = (error) => error?.retryable || error?.code === "session-expired" || error?.code === "unauthorized";
