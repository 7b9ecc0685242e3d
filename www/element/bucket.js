/** `<partway-bucket>`: the files of a bucket. */

import { Announcer } from "./announcer.js";
import { PartwayElement, reflect } from "./base.js";
import { BucketRow } from "./bucket-row.js";
import { copyText, save } from "./save.js";
import { h, setText } from "./dom.js";
import { spokenName } from "./file-name.js";
import { VirtualList } from "./virtual-list.js";
import { bare } from "./own.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").FileEntry} FileEntry */
/** @typedef {import("./bucket-row.js").Listed} Listed */
/** @typedef {import("./uploader.js").PartwayUploader} PartwayUploader */

/** The list of a bucket. Its members are told in `element.d.ts`. */
export class PartwayBucket extends PartwayElement {
  static observedAttributes = ["for", "readonly", "lang", "dir"];

  /** @type {Bucket | null} */
  #given = null;
  /** @type {PartwayUploader | null} */
  #uploader = null;
  /** @type {AbortController | null} */
  #linked = null;
  /** @type {Map<string, Listed>} */
  #rows = new Map();
  /** @type {readonly FileEntry[] | null} */
  #entries = null;
  /** How often the list was asked for or changed: what was asked before that is old. */
  #asked = 0;
  #frame = 0;

  #total = h("span");
  #refreshButton = h("button", {
    type: "button",
    part: "action",
    "data-action": "refresh",
    click: () => void this.refresh(),
  });
  #notice = h("p", { part: "message", class: "notice" });
  #empty = h("p", { class: "meta empty" });
  #status = h("p", { part: "status", class: "quiet", role: "status" });
  #alert = h("div", { class: "quiet", role: "alert" });
  #announcer = new Announcer(this.#status, this.#alert, (count) => this.language.text("more", { count }));
  #list = new VirtualList(
    h("ul", { part: "list", role: "list", hidden: true }),
    (/** @type {Listed} */ { entry }) => entry.key,
    () =>
      new BucketRow(
        () => this.language,
        () => this.hasAttribute("readonly"),
        (action, entry) => void this.#act(action, entry),
      ),
    () => this.#refreshButton.focus(),
  );
  #root = h(
    "div",
    { class: "root" },
    h("div", { class: "bar" }, this.#total, this.#refreshButton),
    this.#notice,
    this.#empty,
    this.#list.root,
    this.#status,
    this.#alert,
  );

  constructor() {
    super();
    this.shadow.append(this.#root);
    this.upgrade(["bucket", "for", "readonly", "messages"]);
  }

  /** @returns {readonly FileEntry[]} */
  get entries() {
    return (this.#entries ??= Object.freeze(Array.from(this.#rows.values(), ({ entry }) => entry)));
  }

  get bucket() {
    return this.#given ?? this.#uploader?.bucket ?? null;
  }
  set bucket(bucket) {
    this.#given = bucket;
    this.#opened();
  }

  connectedCallback() {
    this.follow();
    // A bucket that was given before the element was in the page is not listed yet.
    if (this.#given) this.#opened();
    this.#link();
    // What it is for may stand after it in the page.
    if (!this.#uploader) setTimeout(() => this.isConnected && this.#link());
    if (document.readyState === "loading")
      document.addEventListener("DOMContentLoaded", () => this.#link(), bare({ once: true }));
  }

  disconnectedCallback() {
    this.#linked?.abort();
    this.#uploader = null;
    this.unfollow();
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (!this.isConnected) return;
    if (name === "for") this.#link();
    else this.chooseLanguage();
  }

  async refresh() {
    const { bucket } = this;
    const asked = (this.#asked += 1);
    if (!bucket) return this.#show([]);
    this.#root.ariaBusy = "true";
    try {
      const entries = await bucket.list();
      if (asked !== this.#asked) return;
      setText(this.#notice, "");
      this.#show(entries);
    } catch (error) {
      if (asked !== this.#asked) return;
      setText(this.#notice, this.#message(error));
      this.#announcer.fail(this.#message(error));
    } finally {
      if (asked === this.#asked) this.#root.ariaBusy = "false";
    }
  }

  /** Finds the uploader whose bucket this is. */
  #link() {
    const id = this.getAttribute("for");
    const root = /** @type {Document} */ (this.getRootNode());
    const found = id === null ? this.closest("partway-uploader") : root.getElementById?.(id);
    const uploader = /** @type {PartwayUploader | null} */ (found ?? null);
    if (uploader === this.#uploader) return;
    this.#linked?.abort();
    const { signal } = (this.#linked = new AbortController());
    this.#uploader = uploader;
    uploader?.store?.addEventListener("open", () => this.#opened(), bare({ signal }));
    uploader?.store?.addEventListener("done", (event) => this.#add(/** @type {CustomEvent} */ (event).detail.entry), bare({ signal }));
    this.#opened();
  }

  #opened() {
    this.#show([]);
    if (this.isConnected && this.bucket) void this.refresh();
  }

  /** @param {FileEntry} entry Of an upload that is done: no need to ask for it. */
  #add(entry) {
    if (this.#given && this.#given !== this.#uploader?.bucket) return;
    this.#asked += 1; // a list that is on its way may lack it
    this.#root.ariaBusy = "false";
    this.#rows.delete(entry.key);
    this.#set(entry.key, { entry });
  }

  /** @param {string} key @param {Partial<Listed> & { entry: FileEntry }} change */
  #set(key, change) {
    this.#rows.set(key, { asked: false, note: "", failed: false, ...this.#rows.get(key), ...change });
    this.#entries = null;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** @param {readonly FileEntry[]} entries */
  #show(entries) {
    const before = this.#rows;
    this.#rows = new Map(
      entries.map((entry) => [entry.key, { asked: false, note: "", failed: false, ...before.get(entry.key), entry }]),
    );
    this.#entries = null;
    this.#draw();
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { language, entries } = this;
    const size = language.size(entries.reduce((sum, entry) => sum + entry.size, 0));
    const some = entries.length > 0;
    setText(this.#total, some ? language.text("bucket.total", { count: entries.length, size }) : "");
    this.#empty.hidden = some;
    this.#list.root.hidden = !some;
    this.#list.show([...this.#rows.values()]);
  }

  speak() {
    const { language } = this;
    this.#root.lang = language.tag;
    this.#root.dir = this.direction;
    setText(this.#refreshButton, language.text("refresh"));
    setText(this.#empty, language.text("bucket.empty"));
    this.#list.root.ariaLabel = language.text("bucket.label");
    this.#draw();
    this.#list.redraw();
  }

  /** @param {FileEntry} entry @param {Partial<Listed>} change */
  #change(entry, change) {
    // It may be gone by now.
    if (this.#rows.has(entry.key)) this.#set(entry.key, { entry, ...change });
  }

  /** @param {string} action @param {FileEntry} entry */
  async #act(action, entry) {
    const { bucket, language } = this;
    const { key } = entry;
    if (action === "delete" || action === "keep")
      return this.#change(entry, { asked: action === "delete", note: "", failed: false });
    try {
      if (!bucket) return;
      if (action === "copy") {
        const copied = await copyText(() => bucket.downloadUrl(key));
        const note = language.text(copied ? "bucket.copied" : "bucket.not-copied");
        this.#change(entry, { note, failed: !copied });
        this.#announcer.say(note);
      } else if (action === "download") {
        const onProgress = (/** @type {number} */ received, /** @type {number} */ total) =>
          this.#change(entry, { note: language.percent(received, total), failed: false });
        save(await bucket.download(key, { onProgress }), entry.name ?? "");
        this.#change(entry, { note: "", failed: false });
      } else {
        await bucket.remove(key);
        if (bucket !== this.bucket) return;
        this.#show(this.entries.filter((other) => other.key !== key));
        this.#announcer.say(language.text("bucket.deleted", { name: spokenName(entry.name ?? "") }));
      }
    } catch (error) {
      const note = this.#message(error);
      this.#change(entry, { note, failed: true, asked: false });
      this.#announcer.fail(note);
    }
  }

  /** @param {unknown} error @returns {string} */
  #message(error) {
    const key = `error.${/** @type {{ code?: unknown }} */ (error).code}`;
    return this.language.text(this.language.has(key) ? key : "error.unexpected");
  }
}

reflect(PartwayBucket, { strings: ["for"], flags: ["readonly"] });
