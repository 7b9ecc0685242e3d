/** `<partway-uploader>`: what it shows and takes. What it decides is in the store. */

import { Announcer } from "./announcer.js";
import { numberOf, PartwayElement, reflect } from "./base.js";
import { h, icon, setText } from "./dom.js";
import { DropTarget } from "./drop-target.js";
import { filesOfInput } from "./dropped.js";
import { spokenName } from "./file-name.js";
import { FormValue } from "./form-value.js";
import { UploadStore } from "./store.js";
import { UnfinishedList } from "./unfinished-list.js";
import { UploadRow } from "./upload-row.js";
import { VirtualList } from "./virtual-list.js";

/** @typedef {import("../element.d.ts").UploadSnapshot} UploadSnapshot */

const STRINGS = ["endpoint", "session-id", "names", "accept", "capture", "paste", "drop", "name", "label"];
const NUMBERS = ["part-size", "parallel", "max-files", "max-size"];
const FLAGS = ["multiple", "directory", "manual", "no-resume", "disabled", "required"];
/** Events of the store that a page hears as the element's. */
const TOLD = ["add", "reject", "start", "progress", "done", "error", "complete", "session-expired"];
/** Quarters of an upload that are said, in their order. */
const QUARTERS = [0.25, 0.5, 0.75];
/** Files so small that the number of them tells more than their bytes: a mean below this many. */
const TINY = 100_000;

/** The whole uploader. Its members are told in `element.d.ts`. */
export class PartwayUploader extends PartwayElement {
  static formAssociated = true;
  static observedAttributes = [...STRINGS, ...NUMBERS, ...FLAGS, "lang", "dir"];

  store = new UploadStore();
  #disabled = false;
  #frame = 0;
  #quarter = 0;
  #busy = false;
  /** @type {DropTarget | null} */
  #target = null;
  /** @type {AbortController | null} */
  #connected = null;

  constructor() {
    super();
    const { shadowRoot, store } = this;
    if (!shadowRoot) return;
    this.internals = this.attachInternals();
    this.internals.role = "group";
    /** @param {string} part @param {() => void} click @param {...Node} children */
    const button = (part, click, ...children) => h("button", { type: "button", part, click }, ...children);
    const words = () => h("span");
    this.browse = button("browse", () => this.openPicker(), icon("add"), words());
    this.browseFolder = button("browse-folder", () => this.folderInput.click(), words());
    this.prompt = words();
    this.input = this.#picker(h("input", { type: "file" }));
    this.folderInput = this.#picker(h("input", { type: "file", webkitdirectory: true }));
    this.zone = h("section", { part: "zone", click: (event) => event.target === this.zone && this.openPicker() },
      h("slot", { name: "icon" }),
      h("p", { part: "prompt" }, h("slot", { name: "prompt" }, this.prompt)),
      h("div", { class: "buttons" }, this.browse, this.browseFolder),
      this.input, this.folderInput,
      h("slot", { class: "quiet", slotchange: (event) => this.#adopt(event.target.assignedElements()) }));
    this.notice = h("p", { part: "message", class: "notice", role: "alert" });
    this.all = h("progress", { max: "1" });
    this.sum = words();
    this.actions = ["start", "pauseAll", "resumeAll", "clear"].map((key) =>
      h("button", { type: "button", part: "action", "data-action": key, click: () => this.#all(key) }));
    this.overall = h("div", { part: "overall", hidden: true },
      this.sum, h("span", { class: "actions" }, ...this.actions), this.all);
    this.unfinished = new UnfinishedList((action, upload) => void this.#earlier(action, upload));
    const list = h("ul", { part: "list", role: "list" });
    const status = h("p", { part: "status", class: "quiet", role: "status" });
    const alert = h("div", { class: "quiet", role: "alert" });
    this.root = h("div", { class: "root" },
      this.zone, this.notice, this.unfinished.root, this.overall, list, h("slot", { name: "footer" }), status, alert);
    shadowRoot.append(this.root);
    this.announcer = new Announcer(status, alert, (count) => this.language.text("more", { count }));
    this.list = new VirtualList(list,
      (/** @type {UploadSnapshot} */ { id }) => id,
      () => new UploadRow(() => this.language, (action, id) => this.#act(action, id)),
      () => this.browse.focus());
    this.form_ = new FormValue(this.internals, this.browse, (key) => this.language.text(key));

    store.describe = (key, values, message) => this.#describe(key, values, message);
    for (const type of TOLD) store.addEventListener(type, (event) => this.#tell(/** @type {CustomEvent} */ (event)));
    store.addEventListener("change", () => this.#changed());
    this.upgrade([...STRINGS, ...NUMBERS, ...FLAGS].map((name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase()))
      .concat("getSession", "bucket", "validate", "messages"));
  }

  connectedCallback() {
    const { signal } = (this.#connected = new AbortController());
    for (const type of ["online", "offline"]) addEventListener(type, () => this.#draw(), { signal });
    this.#listen();
    this.follow();
    this.#changed();
  }

  disconnectedCallback() {
    this.#connected?.abort();
    this.#target?.stop();
    this.unfollow();
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    const { store } = this;
    store.multiple = this.hasAttribute("multiple");
    store.directory = this.hasAttribute("directory");
    store.manual = this.hasAttribute("manual");
    store.accept = this.getAttribute("accept") ?? "";
    store.maxFiles = numberOf(this.getAttribute("max-files"));
    store.maxSize = numberOf(this.getAttribute("max-size"));
    /** @param {string} attribute */
    const number = (attribute) => numberOf(this.getAttribute(attribute)) ?? undefined;
    store.options = known({
      endpoint: this.getAttribute("endpoint") ?? undefined,
      sessionId: this.getAttribute("session-id") ?? undefined,
      names: /** @type {any} */ (this.getAttribute("names") ?? undefined),
      partSize: number("part-size"),
      parallel: number("parallel"),
      resume: this.hasAttribute("no-resume") ? false : undefined,
    });
    if (!this.isConnected) return;
    if (name === "paste" || name === "drop") this.#listen();
    if (name === "lang" || name === "dir") this.translate();
    else this.speak();
  }

  get getSession() {
    return this.store.getSession;
  }
  set getSession(getSession) {
    this.store.getSession = getSession;
  }

  get bucket() {
    return this.store.bucket;
  }
  set bucket(bucket) {
    this.store.bucket = bucket;
  }

  get validate() {
    return this.store.validate;
  }
  set validate(validate) {
    this.store.validate = validate;
  }

  get files() {
    return this.store.files;
  }

  get totals() {
    return this.store.totals;
  }

  /** @param {Parameters<UploadStore["add"]>[0]} files */
  add(files) {
    this.notice.textContent = "";
    return this.#off ? [] : this.store.add(files);
  }

  start() {
    this.store.start();
  }

  /** @param {string} [id] */
  pause(id) {
    this.store.pause(id);
  }

  /** @param {string} [id] */
  resume(id) {
    this.store.resume(id);
  }

  /** @param {string} [id] */
  cancel(id) {
    return this.store.cancel(id);
  }

  /** @param {string} [id] */
  retry(id) {
    this.store.retry(id);
  }

  clear() {
    this.form_.forget();
    this.store.clear();
  }

  /** @param {string} id */
  upload(id) {
    return this.store.upload(id);
  }

  openPicker() {
    if (!this.#off) this.input.click();
  }

  get form() {
    return this.internals?.form ?? null;
  }

  get validity() {
    this.#submit();
    return this.internals?.validity;
  }

  get validationMessage() {
    this.#submit();
    return this.internals?.validationMessage ?? "";
  }

  get willValidate() {
    return this.internals?.willValidate ?? false;
  }

  checkValidity() {
    this.#submit();
    return this.internals?.checkValidity() ?? true;
  }

  reportValidity() {
    this.#submit();
    return this.internals?.reportValidity() ?? true;
  }

  formResetCallback() {
    void this.cancel();
    this.clear();
  }

  /** @param {boolean} disabled By a fieldset around it, too. */
  formDisabledCallback(disabled) {
    this.#disabled = disabled;
    this.#draw();
  }

  /** @param {unknown} state */
  formStateRestoreCallback(state) {
    this.form_.restore(state);
    this.#changed();
  }

  get #off() {
    return this.#disabled || this.hasAttribute("disabled");
  }

  get #many() {
    return this.store.multiple || this.store.directory;
  }

  /** @param {HTMLInputElement} input Any that files are picked with. */
  #picker(input) {
    input.className = "quiet";
    input.tabIndex = -1;
    input.ariaHidden = "true";
    input.addEventListener("change", () => this.#picked(input));
    return input;
  }

  /** @param {HTMLInputElement} input */
  #picked(input) {
    const files = Array.from(input.files ?? []);
    // Emptied, so that picking the same file again is a change too.
    input.value = "";
    if (files.length > 0) void filesOfInput(files).then((found) => this.#take(found));
  }

  /** Inputs of the page, which worked before this element did. @param {Element[]} elements */
  #adopt(elements) {
    for (const input of elements) {
      if (!(input instanceof HTMLInputElement) || input.type !== "file" || input === this.input) continue;
      for (const name of ["accept", "capture", "multiple", "required", "disabled", "name"]) {
        const value = input.getAttribute(name);
        if (value !== null && !this.hasAttribute(name)) this.setAttribute(name, value);
      }
      if (input.hasAttribute("webkitdirectory")) this.setAttribute("directory", "");
      // Its files are uploaded, not submitted.
      input.removeAttribute("name");
      input.required = false;
      input.addEventListener("change", () => this.#picked(input));
      this.input = input;
      this.#picked(input);
    }
  }

  #listen() {
    this.#target?.stop();
    /** @param {string | null} where */
    const node = (where) => (where === "document" ? document : where === "self" ? this : null);
    this.#target = new DropTarget({
      drop: node(this.getAttribute("drop") || "self"),
      paste: node(this.getAttribute("paste")),
      open: () => !this.#off,
      folders: () => this.#many,
      onOver: (over) => this.#state("dragover", over),
      onFiles: (found) => this.#take(found),
    });
  }

  /** @param {import("./dropped.js").Found} found */
  #take({ picked, refused }) {
    this.add(picked);
    for (const { name, code } of refused) this.store.reject(null, name, code, this.language.text(`error.${code}`));
    if (refused.length === 0) return;
    const said = refused.slice(0, 3).map(({ name, code }) => this.#line(name, this.language.text(`error.${code}`)));
    if (refused.length > 3) said.push(this.language.text("more", { count: refused.length - 3 }));
    this.notice.textContent = said.join(" ");
  }

  /** @param {string} name @param {string} message */
  #line(name, message) {
    return name === "" ? message : this.language.text("alert", { name: spokenName(name), message });
  }

  /** @param {string} key @param {Record<string, unknown>} values @param {string} message What the library says. */
  #describe(key, values, message) {
    const { language } = this;
    const name = `error.${key}`;
    if (typeof values.bytes === "number") values = { ...values, size: language.size(values.bytes) };
    return language.has(name) ? language.text(name, values) : message || language.text("error.unexpected");
  }

  /** @param {CustomEvent} event */
  #tell(event) {
    const { type, detail, cancelable } = event;
    if (type === "start" && !this.#busy) this.#begin();
    if (type === "error") this.announcer.fail(this.#line(detail.name, detail.error.message));
    if (type === "reject" && detail.file) this.announcer.fail(this.#line(detail.name, detail.message));
    if (type === "complete") this.#finish(detail);
    if (type === "done" || type === "complete") this.#submit();
    const told = new CustomEvent(`partway-${type}`, { detail, cancelable, bubbles: true, composed: true });
    if (!this.dispatchEvent(told)) event.preventDefault();
  }

  #begin() {
    this.#busy = true;
    this.#quarter = 0;
    const { files, done, failed, total } = this.totals;
    this.announcer.say(this.language.text("said.start", { count: files - done - failed, size: this.language.size(total) }));
  }

  /** @param {import("../element.d.ts").Totals} totals */
  #finish({ done, failed }) {
    this.#busy = false;
    const said = [];
    if (done > 0 || failed === 0) said.push(this.language.text("said.end", { count: done }));
    if (failed > 0) said.push(this.language.text("said.failed", { count: failed }));
    this.announcer.say(said.join(" "));
  }

  #quarters() {
    const { sent, total } = this.totals;
    const reached = QUARTERS.filter((quarter) => sent >= quarter * total).length;
    if (!this.#busy || total === 0 || sent === total || reached <= this.#quarter) return;
    this.#quarter = reached;
    this.announcer.say(this.language.text("said.part", { percent: this.language.percent(QUARTERS[reached - 1] ?? 0, 1) }));
  }

  /** @param {string} action @param {string} id */
  #act(action, id) {
    if (action === "pause") this.pause(id);
    else if (action === "resume") this.resume(id);
    else if (action === "retry") this.retry(id);
    else {
      const name = this.files.find((file) => file.id === id)?.name ?? "";
      if (action === "cancel") this.announcer.say(this.language.text("said.cancelled", { name: spokenName(name) }));
      void this.cancel(id);
    }
  }

  /** @param {string} action */
  #all(action) {
    if (action === "start") this.start();
    else if (action === "pauseAll") this.pause();
    else if (action === "resumeAll") this.resume();
    else {
      this.clear();
      this.browse.focus();
    }
  }

  /** @param {"reopen" | "forget"} action @param {import("../partway.d.ts").UnfinishedUpload} upload */
  async #earlier(action, upload) {
    this.notice.textContent = "";
    try {
      if (action === "forget") return await this.store.forget(upload);
      await this.store.reopen(upload);
    } catch (error) {
      const { code, message } = /** @type {import("../partway.d.ts").PartwayError} */ (error);
      // Its handle was not kept, or may not be read: the person has to show the file once more.
      const again = action === "reopen" && code === "invalid-file";
      this.notice.textContent = again ? this.language.text("pickAgain") : this.#describe(code, {}, message);
      if (again) this.openPicker();
    }
  }

  #changed() {
    this.#quarters();
    this.#submit();
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #submit() {
    const { internals } = this;
    if (!internals) return;
    const changed = this.form_.update(this.files, { name: this.getAttribute("name"), required: this.hasAttribute("required") });
    if (changed) for (const type of ["input", "change"]) this.dispatchEvent(new Event(type, { bubbles: true }));
  }

  speak() {
    const { language } = this;
    const many = this.#many;
    this.root.lang = language.tag;
    this.root.dir = this.direction;
    setText(this.prompt, language.text(many ? "promptFolders" : "promptOne"));
    setText(/** @type {Node} */ (this.browse.lastChild), language.text(many ? "browseMany" : "browseOne"));
    setText(/** @type {Node} */ (this.browseFolder.lastChild), language.text("browseFolder"));
    const label = this.getAttribute("label") || language.text("label");
    this.zone.ariaLabel = label;
    if (this.internals) this.internals.ariaLabel = label;
    this.list.root.ariaLabel = language.text("list");
    this.all.ariaLabel = language.text("overall");
    for (const button of this.actions) setText(button, language.text(button.dataset.action ?? ""));
    for (const input of [this.input, this.folderInput]) {
      input.accept = this.store.accept;
      input.multiple = many;
      const capture = this.getAttribute("capture");
      if (capture !== null) input.setAttribute("capture", capture);
    }
    this.unfinished.show(this.store.unfinished, language, true);
    this.store.retell();
    this.list.redraw();
    this.#draw();
  }

  /** @param {string} name @param {boolean} on */
  #state(name, on) {
    const states = this.internals?.states;
    if (on) states?.add(name);
    else states?.delete(name);
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { files, totals, language } = this;
    const off = this.#off;
    let [running, paused, waiting, ended, wrong] = [0, 0, 0, 0, 0];
    for (const { state } of files) {
      if (state === "rejected" || state === "failed") wrong += 1;
      if (state === "rejected" || state === "failed" || state === "done") ended += 1;
      else if (state === "paused") paused += 1;
      else if (state === "queued" && this.store.manual) waiting += 1;
      else running += 1;
    }
    const offline = !navigator.onLine;
    const still = running + waiting === 0;
    this.#state("busy", running > 0);
    this.#state("paused", paused > 0 && still);
    this.#state("complete", totals.done > 0 && still && paused === 0 && wrong === 0);
    this.#state("error", wrong > 0);
    this.#state("offline", offline);
    this.#state("disabled", off);
    for (const button of [this.browse, this.browseFolder]) button.disabled = off;
    this.browseFolder.hidden = !this.store.directory;
    this.overall.hidden = files.length === 0 && this.form_.restored === 0;
    this.all.hidden = totals.files < 2 || totals.total === 0;
    this.all.value = totals.total > 0 ? totals.sent / totals.total : 0;
    setText(this.sum, this.#words(offline && running > 0));
    const shown = [waiting > 0, running > 1, paused > 1 && running === 0, ended > 0];
    this.actions.forEach((button, at) => (button.hidden = !shown[at]));
    this.unfinished.show(this.store.unfinished, language);
    this.list.root.hidden = files.length === 0;
    this.list.show(files);
  }

  /** @param {boolean} offline @returns {string} */
  #words(offline) {
    const { language } = this;
    const { files, done, failed, sent, total, speed, timeLeft } = this.totals;
    const said = [];
    if (this.form_.restored > 0) said.push(language.text("restored", { count: this.form_.restored }));
    if (files > 0) said.push(language.text("filesOf", { done: language.number(done), count: files }));
    if (failed > 0) said.push(language.text("failed", { count: failed }));
    const tiny = files > 20 && total / files < TINY;
    if (done + failed < files && total > 0 && !tiny) {
      said.push(language.text("sentOf", { sent: language.percent(sent, total), total: language.size(total) }));
    }
    if (speed > 0) said.push(language.speed(speed));
    if (timeLeft && !tiny) said.push(language.text("left", { time: language.duration(timeLeft) }));
    if (offline) said.push(language.text("offline"));
    return said.join(" · ");
  }
}

/** @template {object} T @param {T} options @returns {Partial<T>} Without what is not there. */
function known(options) {
  return /** @type {Partial<T>} */ (Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)));
}

reflect(PartwayUploader, { strings: STRINGS, numbers: NUMBERS, flags: FLAGS });
