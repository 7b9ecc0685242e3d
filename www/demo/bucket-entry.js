/** One row of the bucket: the decrypted name, what is known of the file, and download, link, delete. */

import { answer } from "./announce.js";
import { copy } from "./clipboard.js";
import { button, element, icon, setText } from "./element.js";
import { failure, isAbort } from "./failure.js";
import { fileName, isRunnable, spokenName } from "./file-name.js";
import { percent, size } from "./format.js";
import { throttled } from "./frame.js";
import { save } from "./saved-file.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").FileEntry} FileEntry */

/** A link that could not be copied is shown this long, in milliseconds. */
const LINK_SHOWN = 60_000;

/** The view of a stored file, and what one can do with it. */
export class BucketEntry {
  /**
   * @param {Bucket} bucket
   * @param {FileEntry} entry
   * @param {(key: string) => void} onRemoved
   */
  constructor(bucket, entry, onRemoved) {
    this.bucket = bucket;
    this.entry = entry;
    this.onRemoved = onRemoved;
    const { key, name } = entry;
    this.spoken = name === null ? `the unreadable file ${key}` : spokenName(name);
    this.title = element("span", { class: "entry-name", "data-name": "" },
      name === null ? element("span", { class: "unreadable" }, "Unreadable name ", element("code", {}, key)) : fileName(name));
    this.badges = element("span", { class: "badges" }, ...badges(entry));
    this.facts = element("p", { class: "facts" });
    this.progress = element("progress", { max: 1, value: 0, "aria-label": `Download of ${this.spoken}` });
    this.share = element("span", { class: "share" });
    this.error = element("p", { class: "error", hidden: true });
    this.link = element("p", { class: "shown-link", hidden: true });
    this.buttons = {
      download: button({ action: "download", icon: "download", text: "Download", label: `Download ${this.spoken}` }),
      link: button({ action: "link", icon: "link", text: "Copy link", label: `Copy link to ${this.spoken}` }),
      remove: button({ action: "delete", icon: "trash", text: "Delete", label: `Delete ${this.spoken}` }),
      confirm: button({ action: "confirm-delete", text: "Delete for everyone", label: `Delete for everyone: ${this.spoken}`, kind: "danger" }),
      keep: button({ action: "keep", text: "Keep", label: `Keep ${this.spoken}` }),
      stop: button({ action: "stop", icon: "cross", text: "Stop", label: `Stop the download of ${this.spoken}` }),
    };
    const { download, link, remove, confirm, keep, stop } = this.buttons;
    this.usual = element("div", { class: "entry-actions" }, download, link, remove);
    this.question = element("div", { class: "entry-actions confirm", role: "group", "aria-label": `Delete ${this.spoken}?`, hidden: true }, confirm, keep);
    this.transfer = element("div", { class: "entry-actions transfer", hidden: true }, this.progress, this.share, stop);
    this.root = element("li", { class: "entry", "data-entry": "", "data-key": key },
      element("div", { class: "row-head" }, this.title, this.badges),
      element("div", { class: "entry-body" }, this.facts, this.usual, this.question, this.transfer),
      this.link, this.error);

    download.addEventListener("click", () => this.download());
    link.addEventListener("click", () => this.copyLink());
    remove.addEventListener("click", () => this.ask(true));
    keep.addEventListener("click", () => this.ask(false));
    confirm.addEventListener("click", () => this.remove());
    stop.addEventListener("click", () => this.abort?.abort());
    this.question.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.ask(false);
    });
    this.update(entry);
  }

  /** @param {FileEntry} entry What the bucket says now; the key and the name never change. */
  update(entry) {
    this.entry = entry;
    const { completed, size: bytes, type } = entry;
    this.root.dataset.completed = String(completed);
    setText(this.facts, [size(bytes), type, completed ? null : "not complete"].filter(Boolean).join(" · "));
    this.buttons.download.hidden = !completed;
    this.buttons.link.hidden = !completed;
  }

  /**
   * @param {HTMLElement} shown Which of the three groups of buttons the row shows.
   * @param {HTMLElement} focus Takes the keyboard, if it was in this row.
   */
  show(shown, focus) {
    const within = this.root.contains(document.activeElement);
    for (const group of [this.usual, this.question, this.transfer]) group.hidden = group !== shown;
    if (within) focus.focus();
  }

  /** @param {boolean} asking */
  ask(asking) {
    this.complain(null);
    if (asking) this.show(this.question, this.buttons.confirm);
    else this.show(this.usual, this.buttons.remove);
  }

  async remove() {
    this.buttons.confirm.disabled = true;
    try {
      await this.bucket.remove(this.entry.key);
      answer(`Deleted ${this.spoken}.`);
      this.onRemoved(this.entry.key);
    } catch (error) {
      this.buttons.confirm.disabled = false;
      this.ask(false);
      this.complain(error);
    }
  }

  async download() {
    const { key, name } = this.entry;
    this.complain(null);
    this.abort = new AbortController();
    let received = 0;
    let total = this.entry.size;
    const draw = throttled(() => {
      this.progress.value = total > 0 ? Math.min(1, received / total) : 0;
      setText(this.share, percent(received, Math.max(1, total)));
    }, 100);
    draw();
    this.show(this.transfer, this.buttons.stop);
    try {
      const blob = await this.bucket.download(key, {
        signal: this.abort.signal,
        onProgress: (bytes, all) => {
          received = bytes;
          total = all;
          draw();
        },
      });
      save(blob, name ?? key);
      answer(`Downloaded ${this.spoken}, ${size(blob.size)}.`);
    } catch (error) {
      if (isAbort(error)) answer("Download stopped.");
      else this.complain(error);
    }
    this.abort = undefined;
    this.show(this.usual, this.buttons.download);
  }

  async copyLink() {
    this.complain(null);
    const url = this.bucket.downloadUrl(this.entry.key);
    try {
      if (await copy(url)) answer("Link copied. It works for whoever has it, until it expires.");
      else this.showLink(await url);
    } catch (error) {
      this.complain(error);
    }
  }

  /** The last resort where no clipboard may be written: shown to be copied by hand, then taken away. @param {string} url */
  showLink(url) {
    const field = element("input", { type: "text", readonly: true, "aria-label": `Link to ${this.spoken}` });
    field.value = url;
    this.link.replaceChildren(field);
    this.link.hidden = false;
    field.select();
    field.focus();
    answer("Copy the link from the field.");
    const hide = () => {
      this.link.hidden = true;
      this.link.replaceChildren();
    };
    field.addEventListener("blur", hide);
    setTimeout(hide, LINK_SHOWN);
  }

  /** @param {unknown} error `null` takes the last complaint away. */
  complain(error) {
    this.error.hidden = error === null;
    if (error === null) return;
    const { sentence, code } = failure(error);
    this.error.replaceChildren(sentence, " ", element("code", {}, code));
    answer(sentence);
  }
}

/** @param {FileEntry} entry */
function* badges({ name, nameAuthenticated }) {
  if (name !== null && isRunnable(name)) {
    yield element("span", { class: "badge warn", title: "Opening a file of this type can run code. Know who it is from." }, "can run code");
  }
  if (nameAuthenticated) {
    const proven = "The name was proven to come from a holder of the session ID";
    yield element("span", { class: "badge lock", title: proven }, icon("lock"), element("span", { class: "visually-hidden" }, proven));
  }
}
