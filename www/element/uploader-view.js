/** What `<partway-uploader>` shows, and where it is pressed. */

import { h, icon, setText } from "./dom.js";
import { UnfinishedList } from "./unfinished-list.js";
import { UploadRow } from "./upload-row.js";
import { VirtualList } from "./virtual-list.js";

/** @typedef {import("../element.d.ts").UploadSnapshot} UploadSnapshot */
/** @typedef {import("./language.js").Language} Language */

/**
 * @typedef {object} Acts
 * @property {() => void} pick
 * @property {(input: HTMLInputElement) => void} picked
 * @property {(elements: Element[]) => void} adopt Children of the host that have no slot of their own.
 * @property {(action: string, id: string) => void} one
 * @property {(action: string) => void} all
 * @property {(action: "reopen" | "forget", upload: import("../partway.d.ts").UnfinishedUpload) => void} earlier
 */

/**
 * @typedef {object} Shown What is drawn.
 * @property {readonly UploadSnapshot[]} files
 * @property {import("../element.d.ts").Totals} totals
 * @property {readonly import("../partway.d.ts").UnfinishedUpload[]} unfinished
 * @property {number} waiting Files that wait for `start()`.
 * @property {boolean} directory
 * @property {boolean} disabled
 * @property {number} restored Files of the form's value that are not listed.
 */

/** Of so many files, so small, the number tells more than the bytes. */
const MANY = 20;
const SMALL = 100_000;

/** The shadow tree. */
export class UploaderView {
  #prompt = h("span");
  #browseWords = h("span");
  #sum = h("span");
  #all = h("progress", { max: "1" });
  /** @type {readonly HTMLButtonElement[]} */
  #actions;
  /** @type {HTMLElement} */
  #overall;
  status = h("p", { part: "status", class: "quiet", role: "status" });
  alert = h("div", { class: "quiet", role: "alert" });
  notice = h("p", { part: "message", class: "notice", role: "alert" });

  /** @param {Acts} acts @param {() => Language} language */
  constructor(acts, language) {
    this.language = language;
    this.browse = h("button", { type: "button", part: "browse", click: acts.pick }, icon("add"), this.#browseWords);
    this.browseFolder = h("button", { type: "button", part: "browse-folder", click: () => this.folderInput.click() });
    const picker = { type: "file", class: "quiet", tabindex: "-1", "aria-hidden": "true" };
    this.input = h("input", { ...picker, change: () => acts.picked(this.input) });
    this.folderInput = h("input", { ...picker, webkitdirectory: true, change: () => acts.picked(this.folderInput) });
    this.zone = h(
      "section",
      { part: "zone", click: (event) => event.target === event.currentTarget && acts.pick() },
      h("slot", { name: "icon" }),
      h("p", { part: "prompt" }, h("slot", { name: "prompt" }, this.#prompt)),
      h("div", { class: "buttons" }, this.browse, this.browseFolder),
      this.input,
      this.folderInput,
      h("slot", { class: "quiet", slotchange: (event) => acts.adopt(event.target.assignedElements()) }),
    );
    this.#actions = ["start", "pauseAll", "resumeAll", "clear"].map((key) =>
      h("button", { type: "button", part: "action", "data-action": key, click: () => acts.all(key) }),
    );
    this.#overall = h(
      "div",
      { part: "overall", class: "bar", hidden: true },
      this.#sum,
      h("span", { class: "actions" }, ...this.#actions),
      this.#all,
    );
    this.unfinished = new UnfinishedList(acts.earlier);
    this.list = new VirtualList(
      h("ul", { part: "list", role: "list", hidden: true }),
      (/** @type {UploadSnapshot} */ { id }) => id,
      () => new UploadRow(language, acts.one),
      () => this.browse.focus(),
    );
    this.root = h(
      "div",
      { class: "root" },
      this.zone,
      this.notice,
      this.unfinished.root,
      this.#overall,
      this.list.root,
      h("slot", { name: "footer" }),
      this.status,
      this.alert,
    );
  }

  /**
   * Everything in the language that is there now.
   * @param {{ label: string, many: boolean, accept: string, capture: string | null, direction: string }} options
   */
  speak({ label, many, accept, capture, direction }) {
    const language = this.language();
    this.root.lang = language.tag;
    this.root.dir = direction;
    setText(this.#prompt, language.text(many ? "promptFolders" : "promptOne"));
    setText(this.#browseWords, language.text(many ? "browseMany" : "browseOne"));
    setText(this.browseFolder, language.text("browseFolder"));
    this.zone.ariaLabel = label;
    this.list.root.ariaLabel = language.text("list");
    this.#all.ariaLabel = language.text("overall");
    for (const button of this.#actions) setText(button, language.text(button.dataset.action ?? ""));
    this.input.accept = accept;
    this.input.multiple = many;
    if (capture !== null) this.input.setAttribute("capture", capture);
    this.unfinished.forget();
    this.list.redraw();
  }

  /** @param {Shown} shown @returns {Record<string, boolean>} The states of the host. */
  draw({ files, totals, unfinished, waiting, directory, disabled, restored }) {
    let [open, paused, ended, wrong] = [0, 0, 0, 0];
    for (const { state } of files) {
      if (state === "rejected" || state === "failed") wrong += 1;
      if (state === "rejected" || state === "failed" || state === "done") ended += 1;
      else if (state === "paused") paused += 1;
      else open += 1;
    }
    const running = open - waiting;
    const offline = !navigator.onLine;
    this.browse.disabled = this.browseFolder.disabled = disabled;
    this.browseFolder.hidden = !directory;
    this.#overall.hidden = files.length + restored === 0;
    this.#all.hidden = totals.files < 2 || totals.total === 0;
    this.#all.value = totals.total > 0 ? totals.sent / totals.total : 0;
    setText(this.#sum, this.#words(totals, restored, offline && running > 0));
    const offered = [waiting > 0, running > 1, paused > 1 && running === 0, ended > 0];
    this.#actions.forEach((button, at) => (button.hidden = !offered[at]));
    this.unfinished.show(unfinished, this.language());
    this.list.root.hidden = files.length === 0;
    this.list.show(files);
    const still = running + waiting === 0;
    return {
      busy: running > 0,
      paused: still && paused > 0,
      error: wrong > 0,
      offline,
      disabled,
      complete: totals.done > 0 && still && paused + wrong === 0,
    };
  }

  /** @param {Shown["totals"]} totals @param {number} restored @param {boolean} offline @returns {string} */
  #words({ files, done, failed, sent, total, speed, timeLeft }, restored, offline) {
    const language = this.language();
    const said = [];
    if (restored > 0) said.push(language.text("restored", { count: restored }));
    if (files > 0) said.push(language.text("filesOf", { done: language.number(done), count: files }));
    if (failed > 0) said.push(language.text("failed", { count: failed }));
    const tiny = files > MANY && total / files < SMALL;
    if (done + failed < files && total > 0 && !tiny) {
      said.push(language.text("sentOf", { sent: language.percent(sent, total), total: language.size(total) }));
    }
    if (speed > 0 && !tiny) said.push(language.speed(speed));
    if (timeLeft && !tiny) said.push(language.text("left", { time: language.duration(timeLeft) }));
    if (offline) said.push(language.text("offline"));
    return said.join(" · ");
  }
}
