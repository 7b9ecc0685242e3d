/**
 * `<partway-uploader>`: its attributes, members and events. What it decides is in the store, what it shows in the
 * view.
 */

import { Announcer } from "./announcer.js";
import { numberOf, PartwayElement, reflect } from "./base.js";
import { DropTarget } from "./drop-target.js";
import { filesOfInput } from "./dropped.js";
import { spokenName } from "./file-name.js";
import { FormValue } from "./form-value.js";
import { Narrator } from "./narrator.js";
import { UploadStore } from "./store.js";
import { UploaderView } from "./uploader-view.js";
import { bare } from "./own.js";

const STRINGS = ["endpoint", "session-id", "names", "accept", "capture", "paste", "drop", "name", "label"];
const NUMBERS = ["part-size", "parallel", "max-files", "max-size"];
const FLAGS = ["multiple", "directory", "manual", "no-resume", "disabled", "required"];
/** Events of the store that a page hears as the element's. */
const TOLD = ["add", "reject", "start", "progress", "done", "error", "complete", "session-expired"];
/** Things that were not taken, told one by one. */
const MOST = 3;

/** The whole uploader. Its members are told in `element.d.ts`. */
export class PartwayUploader extends PartwayElement {
  static formAssociated = true;
  static observedAttributes = [...STRINGS, ...NUMBERS, ...FLAGS, "lang", "dir"];

  /** What a `<partway-bucket>` listens to. */
  // Without an attribute nothing tells it so.
  store = new UploadStore({ multiple: false });
  #internals = this.attachInternals();
  #view = new UploaderView(
    {
      pick: () => this.openPicker(),
      picked: (input) => this.#picked(input),
      adopt: (elements) => this.#adopt(elements),
      one: (action, id) => this.#one(action, id),
      all: (action) => this.#all(action),
      earlier: (action, upload) => void this.#earlier(action, upload),
    },
    () => this.language,
  );
  #announcer = new Announcer(this.#view.status, this.#view.alert, (count) => this.language.text("more", { count }));
  #narrator = new Narrator(this.#announcer, () => this.language);
  #value = new FormValue(this.#internals, this.#view.browse, (key) => this.language.text(key));
  /** The page's own input, where it brought one, else the view's. */
  #input = this.#view.input;
  /** Whether a fieldset around it is disabled. */
  #fieldset = false;
  #frame = 0;
  /** @type {DropTarget | null} */
  #target = null;
  /** @type {AbortController | null} */
  #connected = null;

  constructor() {
    super();
    const { store } = this;
    this.shadow.append(this.#view.root);
    this.#internals.role = "group";
    store.describe = (key, values, message) => this.#describe(key, values, message);
    for (const type of TOLD) store.addEventListener(type, (event) => this.#tell(/** @type {CustomEvent} */ (event)));
    store.addEventListener("change", () => this.#changed());
    this.upgrade([...STRINGS, ...NUMBERS, ...FLAGS, "getSession", "bucket", "validate", "messages"]);
  }

  connectedCallback() {
    const { signal } = (this.#connected = new AbortController());
    for (const type of ["online", "offline"]) addEventListener(type, () => this.#draw(), bare({ signal }));
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
    /** @param {string} attribute */
    const text = (attribute) => this.getAttribute(attribute) ?? undefined;
    /** @param {string} attribute */
    const number = (attribute) => numberOf(this.getAttribute(attribute));
    store.multiple = this.hasAttribute("multiple");
    store.directory = this.hasAttribute("directory");
    store.manual = this.hasAttribute("manual");
    store.accept = text("accept") ?? "";
    store.maxFiles = number("max-files");
    store.maxSize = number("max-size");
    const options = {
      endpoint: text("endpoint"),
      sessionId: text("session-id"),
      names: text("names"),
      partSize: number("part-size") ?? undefined,
      parallel: number("parallel") ?? undefined,
      resume: this.hasAttribute("no-resume") ? false : undefined,
    };
    store.options = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    if (!this.isConnected) return;
    if (name === "paste" || name === "drop") this.#listen();
    if (name === "lang" || name === "dir") this.chooseLanguage();
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
    this.#view.notice.textContent = "";
    return this.#disabled ? [] : this.store.add(files);
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
    this.#view.notice.textContent = "";
    this.#value.forget();
    this.store.clear();
  }

  /** @param {string} id */
  upload(id) {
    return this.store.upload(id);
  }

  openPicker() {
    if (!this.#disabled) this.#input.click();
  }

  get form() {
    return this.#internals.form;
  }

  get labels() {
    return this.#internals.labels;
  }

  get validity() {
    this.#submit();
    return this.#internals.validity;
  }

  get validationMessage() {
    this.#submit();
    return this.#internals.validationMessage;
  }

  get willValidate() {
    return this.#internals.willValidate;
  }

  checkValidity() {
    this.#submit();
    return this.#internals.checkValidity();
  }

  reportValidity() {
    this.#submit();
    return this.#internals.reportValidity();
  }

  formResetCallback() {
    void this.cancel();
    this.clear();
  }

  /** @param {boolean} disabled */
  formDisabledCallback(disabled) {
    this.#fieldset = disabled;
    this.#draw();
  }

  /** @param {unknown} state */
  formStateRestoreCallback(state) {
    this.#value.restore(state);
    this.#changed();
  }

  /** Everything in the language that is there now. */
  speak() {
    const { multiple, directory, accept } = this.store;
    const label = this.getAttribute("label") || this.language.text("label");
    this.#internals.ariaLabel = label;
    this.#view.speak({
      label,
      accept,
      many: multiple || directory,
      capture: this.getAttribute("capture"),
      direction: this.direction,
    });
    this.store.retell();
    this.#draw();
  }

  get #disabled() {
    return this.#fieldset || this.hasAttribute("disabled");
  }

  /** @param {HTMLInputElement} input */
  #picked(input) {
    const files = Array.from(input.files ?? []);
    // Emptied, so that picking the same file again is a change too.
    input.value = "";
    if (files.length > 0) void filesOfInput(files).then((found) => this.#take(found));
  }

  /** An input of the page worked before this element did. @param {Element[]} elements */
  #adopt(elements) {
    for (const element of elements) {
      const input = /** @type {HTMLInputElement} */ (element);
      if (input.localName !== "input" || input.type !== "file" || input === this.#input) continue;
      for (const name of ["accept", "capture", "multiple", "required", "disabled", "name"]) {
        const value = input.getAttribute(name);
        if (value !== null && !this.hasAttribute(name)) this.setAttribute(name, value);
      }
      if (input.hasAttribute("webkitdirectory")) this.setAttribute("directory", "");
      // Its files are uploaded, not submitted.
      input.removeAttribute("name");
      input.required = false;
      input.addEventListener("change", () => this.#picked(input));
      this.#input = input;
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
      open: () => !this.#disabled,
      folders: () => this.store.multiple || this.store.directory,
      onOver: (over) => this.#state("dragover", over),
      onFiles: (found) => this.#take(found),
    });
  }

  /** @param {import("./dropped.js").Found} found */
  #take({ picked, refused }) {
    this.add(picked);
    const lines = refused.map(({ name, code }) => {
      const message = this.language.text(`error.${code}`);
      this.store.reject(null, name, code, message);
      return this.#line(name, message);
    });
    if (lines.length > MOST) lines.push(this.language.text("more", { count: lines.splice(MOST).length }));
    if (lines.length > 0) this.#view.notice.textContent = lines.join(" ");
  }

  /** @param {string} name @param {string} message */
  #line(name, message) {
    return name === "" ? message : this.language.text("alert", { name: spokenName(name), message });
  }

  /** @param {string} key @param {Record<string, unknown>} values @param {string} message What the library says. */
  #describe(key, values, message) {
    const { language } = this;
    const { bytes } = values;
    const name = `error.${key}`;
    if (!language.has(name)) return language.text("error.unexpected") || message || key;
    return language.text(name, typeof bytes === "number" ? { ...values, size: language.size(bytes) } : values);
  }

  /** @param {CustomEvent} event Of the store. */
  #tell(event) {
    const { type, detail, cancelable } = event;
    if (type === "start") this.#narrator.start(this.totals);
    else if (type === "complete") this.#narrator.end(detail);
    else if (type === "error") this.#announcer.fail(this.#line(detail.name, detail.error.message));
    else if (type === "reject" && detail.file) this.#announcer.fail(this.#line(detail.name, detail.message));
    if (type === "done" || type === "complete") this.#submit();
    const told = new CustomEvent(`partway-${type}`, bare({ detail, cancelable, bubbles: true, composed: true }));
    if (!this.dispatchEvent(told)) event.preventDefault();
  }

  /** @param {string} action @param {string} id */
  #one(action, id) {
    if (action === "pause") this.pause(id);
    else if (action === "resume") this.resume(id);
    else if (action === "retry") this.retry(id);
    else {
      const name = this.files.find((file) => file.id === id)?.name ?? "";
      if (action === "cancel") this.#announcer.say(this.language.text("said.cancelled", { name: spokenName(name) }));
      void this.cancel(id);
    }
  }

  /** @param {string} action */
  #all(action) {
    if (action === "start") this.start();
    else if (action === "pauseAll") this.pause();
    else if (action === "resumeAll") this.resume();
    else this.clear();
    // Its button is gone.
    this.#draw();
    if (!this.shadow.activeElement) this.#view.browse.focus();
  }

  /** @param {"reopen" | "forget"} action @param {import("../partway.d.ts").UnfinishedUpload} upload */
  async #earlier(action, upload) {
    const { notice } = this.#view;
    notice.textContent = "";
    try {
      if (action === "forget") return await this.store.forget(upload);
      await this.store.reopen(upload);
    } catch (error) {
      const { code, message } = /** @type {import("../partway.d.ts").PartwayError} */ (error);
      // Its handle was not kept, or may not be read: the person has to show the file once more.
      const again = action === "reopen" && code === "invalid-file";
      notice.textContent = again ? this.language.text("pickAgain") : this.#describe(code, {}, message);
      if (again) this.openPicker();
    }
  }

  #changed() {
    this.#narrator.progress(this.totals);
    this.#submit();
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #submit() {
    const changed = this.#value.update(this.store, {
      name: this.getAttribute("name"),
      required: this.hasAttribute("required"),
    });
    if (changed) for (const type of ["input", "change"]) this.dispatchEvent(new Event(type, bare({ bubbles: true })));
  }

  /** @param {string} name @param {boolean} on */
  #state(name, on) {
    const { states } = this.#internals;
    if (on) states.add(name);
    else states.delete(name);
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { waiting, directory, unfinished } = this.store;
    const states = this.#view.draw({
      files: this.files,
      totals: this.totals,
      unfinished,
      waiting,
      directory,
      disabled: this.#disabled,
      restored: this.#value.restored,
    });
    for (const [name, on] of Object.entries(states)) this.#state(name, on);
  }
}

reflect(PartwayUploader, { strings: STRINGS, numbers: NUMBERS, flags: FLAGS });
