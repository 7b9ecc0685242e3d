/**
 * The uploader without a page: which files are wanted, which go first, how far each is. Knows no DOM, and runs in
 * Node too.
 */

import { isPartwayError } from "../partway.js";
import { acceptor } from "./accept.js";
import { Item } from "./item.js";
import { bare, own } from "./own.js";
import { SessionBucket } from "./session-bucket.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").Upload} Upload */
/** @typedef {import("../partway.d.ts").UploadState} UploadState */
/** @typedef {import("../partway.d.ts").UnfinishedUpload} UnfinishedUpload */
/** @typedef {import("../element.d.ts").UploadSnapshot} UploadSnapshot */
/** @typedef {import("../element.d.ts").Totals} Totals */
/** @typedef {import("../element.d.ts").Session} Session */
/** @typedef {Blob | { file: Blob, name?: string, handle?: FileSystemFileHandle }} Given */
/** @typedef {NonNullable<UploadSnapshot["error"]>["code"]} Code */

/**
 * Uploads the library has at a time: enough for every place it has, and few enough that ten thousand that wait
 * cost nothing.
 */
const AT_ONCE = 24;
/** Least time between two reports of progress, in milliseconds. */
const GAP = 100;
/** New sessions in a row without a file stored, before it is no use to ask for another. */
const SESSIONS = 2;
const OVER = new Set(["session-expired", "unauthorized"]);
/** What is no failure of the library's: it would not take the file. */
const INVALID = Object.freeze({ code: "invalid-file", retryable: false, message: "" });

/** The page gave no session. */
class Refused extends Error {
  code = /** @type {const} */ ("unauthorized");
  retryable = true;
}

/**
 * Whether `value` is a Blob, or a File, of whatever frame: each has classes of its own.
 * @param {unknown} value @returns {value is Blob}
 */
function isBlob(value) {
  try {
    Object.getOwnPropertyDescriptor(Blob.prototype, "size")?.get?.call(value);
    return true;
  } catch {
    return false;
  }
}

/** @param {Given} given @param {number} at @returns {import("./item.js").Source} */
function sourceOf(given, at) {
  /** @type {{ file?: Blob, name?: string, handle?: FileSystemFileHandle }} */
  const picked = isBlob(given) ? { file: given } : (given ?? {});
  const [file, handle] = [own(picked, "file"), own(picked, "handle")];
  if (!isBlob(file)) throw new TypeError(`add: file ${at} must be a File or a Blob.`);
  const known = /** @type {File} */ (file);
  const name = own(picked, "name") || own(known, "webkitRelativePath") || own(known, "name") || "";
  return { file, handle, size: file.size, name };
}

/** @param {unknown} error Of the page's own function, unless it is ours. @returns {never} */
function refused(error) {
  console.error(error); // the page's developer is to see why; the library's own messages hold no secret
  throw isPartwayError(error) ? error : new Refused();
}

/** Files and their uploads. Its events are told in `element.d.ts`. */
export class UploadStore extends EventTarget {
  /** @type {Map<string, Item>} */
  #items = new Map();
  /** Not ended, rejected apart. @type {Set<Item>} */
  #pending = new Set();
  /** Wanted, and not handed to the library yet. @type {Set<Item>} */
  #queue = new Set();
  /** In the library's hands and not paused. @type {Set<Item>} */
  #running = new Set();
  /** @type {readonly UploadSnapshot[] | null} */
  #files = null;
  /** @type {Totals | null} */
  #totals = null;
  #changed = false;
  #timer = 0;
  #ended = 0;
  #done = 0;
  #endings = 0;
  #sessions = 0;
  /** @type {Promise<boolean> | null} */
  #renewing = null;
  #bucket = new SessionBucket((bucket) => this.#opened(bucket));

  multiple = true;
  directory = false;
  accept = "";
  manual = false;
  /** @type {number | null} */
  maxFiles = null;
  /** @type {number | null} */
  maxSize = null;
  /** @type {((file: Blob, name: string) => string | null) | null} */
  validate = null;
  /** What is said of a failure. @type {(key: string, values: Record<string, unknown>, message: string) => string} */
  describe = (key, _, message) => message || key;
  /** Uploads of an earlier visit. @type {readonly UnfinishedUpload[]} */
  unfinished = [];

  /** @param {Partial<import("../element.d.ts").UploadStoreOptions>} [options] */
  constructor(options = {}) {
    super();
    Object.assign(this, options);
  }

  get getSession() {
    return this.#bucket.getSession;
  }
  set getSession(getSession) {
    this.#bucket.getSession = getSession;
  }

  get options() {
    return this.#bucket.options;
  }
  set options(options) {
    this.#bucket.options = options;
  }

  get bucket() {
    return this.#bucket.current;
  }
  set bucket(bucket) {
    this.#bucket.give(bucket);
  }

  /** @returns {readonly UploadSnapshot[]} */
  get files() {
    return (this.#files ??= Object.freeze(Array.from(this.#items.values(), (item) => item.snapshot)));
  }

  /** @returns {Totals} Without what was rejected. */
  get totals() {
    return (this.#totals ??= this.#sum());
  }

  /** Files that have not ended. */
  get pending() {
    return this.#pending.size;
  }

  /** How often a file has ended or left: what is known of the finished ones is true as long as it stays. */
  get endings() {
    return this.#endings;
  }

  /** Files that wait for `start()`. */
  get waiting() {
    let count = 0;
    for (const item of this.#pending) if (this.#isIdle(item)) count += 1;
    return count;
  }

  /** Opens the bucket now. @returns {Promise<Bucket>} */
  connect() {
    return this.#bucket.connect();
  }

  /** @param {Iterable<Given>} given @returns {readonly UploadSnapshot[]} Those taken. */
  add(given) {
    const files = Array.from(given, sourceOf);
    if (files.length === 0 || !this.#emit("add", { files }, true)) return [];
    const accept = acceptor(this.accept);
    /** @type {UploadSnapshot[]} */
    const taken = [];
    for (const source of files) {
      const item = new Item(source);
      const refusal = this.#refusal(source, accept);
      this.#items.set(item.id, item);
      if (refusal) {
        item.change({ state: "rejected", failure: { ...refusal, retryable: false } });
        this.reject(source.file, source.name, refusal.code, item.snapshot.error?.message ?? "");
      } else {
        this.#pending.add(item);
        if (!this.manual) this.#queue.add(item);
        taken.push(item.snapshot);
      }
    }
    this.#change();
    this.#feed();
    return taken;
  }

  /**
   * Says that something was not taken.
   * @param {Blob | null} file
   * @param {string} name
   * @param {string} code
   * @param {string} message
   */
  reject(file, name, code, message) {
    this.#emit("reject", { file, name, code, message });
  }

  /** Begins what waits for it. */
  start() {
    for (const item of this.#pending) {
      if (this.#isIdle(item)) this.#queue.add(item);
    }
    this.#feed();
  }

  /** @param {string} [id] Without one, all. */
  pause(id) {
    for (const item of this.#some(id)) {
      if (!this.#pending.has(item)) continue;
      if (item.upload) item.upload.pause();
      else {
        item.idle = this.#isIdle(item);
        this.#queue.delete(item);
        this.#enter(item, "paused");
      }
    }
    this.#feed();
  }

  /** @param {string} [id] Without one, all. */
  resume(id) {
    for (const item of this.#some(id)) {
      if (item.state !== "paused") continue;
      if (item.upload) item.upload.resume();
      else {
        this.#enter(item, "queued");
        // What waited for `start()` waits on.
        if (!item.idle) this.#queue.add(item);
      }
    }
    this.#feed();
  }

  /**
   * Stops it, removes what is stored of it unless that is the whole file, and takes it out of the list.
   * @param {string} [id] Without one, all that have not ended.
   */
  async cancel(id) {
    const ends = [];
    for (const item of id === undefined ? [...this.#pending] : this.#some(id)) {
      if (this.#pending.has(item)) ends.push(item.upload?.abort());
      this.#drop(item);
    }
    this.#settle();
    await Promise.all(ends);
    if (this.unfinished.length > 0) await this.#look();
  }

  /** Begins failed files anew. @param {string} [id] Without one, all. */
  retry(id) {
    this.#sessions = 0;
    for (const item of this.#some(id)) {
      if (item.state !== "failed") continue;
      item.reset("queued");
      this.#pending.add(item);
      this.#queue.add(item);
    }
    this.#change();
    this.#feed();
  }

  /** Takes what has ended out of the list. */
  clear() {
    for (const item of [...this.#items.values()]) if (!this.#pending.has(item)) this.#drop(item);
    this.#change();
  }

  /** @param {string} id @returns {Upload | undefined} */
  upload(id) {
    return this.#items.get(id)?.upload;
  }

  /** Empties the list, aborts what runs and keeps what can be resumed. */
  close() {
    for (const item of [...this.#items.values()]) {
      void item.upload?.abort({ keep: true });
      this.#drop(item);
    }
    this.#bucket.close();
  }

  /**
   * Goes on with an upload of an earlier visit, from its file handle; call it in a user's action.
   * @param {UnfinishedUpload} unfinished
   */
  async reopen(unfinished) {
    /** @type {import("../partway.d.ts").UploadOptions} */
    let listener = {};
    const relay = {
      /** @param {import("../partway.d.ts").UploadProgress} progress */
      onProgress: (progress) => listener.onProgress?.(progress),
      /** @param {UploadState} state */
      onState: (state) => listener.onState?.(state),
    };
    /** @type {Upload | null} */
    let ready = await unfinished.reopen(relay);
    const item = new Item({
      file: new Blob(),
      name: ready.name,
      size: ready.size,
      reopen: (options) => {
        listener = options;
        const upload = ready ?? unfinished.reopen(relay);
        ready = null;
        return upload;
      },
    });
    this.#items.set(item.id, item);
    this.#pending.add(item);
    this.#queue.add(item);
    this.unfinished = this.unfinished.filter((other) => other !== unfinished);
    this.#change();
    this.#feed();
  }

  /** Gives an upload of an earlier visit up. @param {UnfinishedUpload} unfinished */
  async forget(unfinished) {
    await this.bucket?.forget(unfinished.key);
    await this.#look();
  }

  /** Says anew what was said in another language. */
  retell() {
    for (const item of this.#items.values()) if (item.failure) item.change({});
    this.#change();
  }

  /** @param {Item} item */
  #isIdle(item) {
    return item.state === "queued" && !item.upload && !this.#running.has(item) && !this.#queue.has(item);
  }

  /** @param {string | undefined} id @returns {Iterable<Item>} */
  #some(id) {
    const item = id === undefined ? undefined : this.#items.get(id);
    return id === undefined ? this.#items.values() : item ? [item] : [];
  }

  /**
   * @param {import("./item.js").Source} source
   * @param {ReturnType<typeof acceptor>} accept
   * @returns {Omit<import("./item.js").Failure, "retryable"> | null}
   */
  #refusal({ file, name, size }, accept) {
    const many = this.multiple || this.directory;
    /** @param {Code} code @param {string} key @param {Record<string, unknown>} values */
    const because = (code, key = code, values = {}) => ({ code, message: () => this.describe(key, values, "") });
    if (name === "") return because("invalid-file");
    if (!accept(file, name)) return because("not-accepted");
    if (this.maxSize !== null && size > this.maxSize)
      return because("too-large", "larger-than", { bytes: this.maxSize });
    const own = this.validate?.(file, name);
    if (own) return { code: "not-accepted", message: () => own };
    // One after another takes the place of the one before, as in an <input>.
    if (!many) for (const item of [...this.#items.values()]) if (!this.#pending.has(item)) this.#drop(item);
    const most = many ? this.maxFiles : 1;
    if (most === null || this.#pending.size + this.#done < most) return null;
    return because("too-many-files", "more-than", { count: most });
  }

  /** Hands files to the library. */
  #feed() {
    for (const item of this.#queue) {
      if (this.#running.size >= AT_ONCE || this.#renewing) return;
      this.#queue.delete(item);
      this.#running.add(item);
      void this.#begin(item);
    }
  }

  /** @param {Item} item */
  async #begin(item) {
    const turn = (item.turn += 1);
    const current = () => turn === item.turn && this.#pending.has(item);
    let told = false;
    /** @param {UploadState} state */
    const onState = (state) => {
      // How it ends is told by `done`, with the reason.
      if (!current() || state === item.state || ["done", "failed", "aborted"].includes(state)) return;
      this.#enter(item, state);
      if (told || state === "queued" || state === "paused") return;
      told = true;
      this.#emit("start", item.snapshot);
    };
    try {
      const bucket = await this.connect().catch(refused);
      if (!current()) return;
      if (item.state === "paused") return void this.#running.delete(item);
      const upload = await item.open(bucket, {
        onProgress: ({ sent, speed, timeLeft }) => {
          if (!current()) return;
          item.change({ progress: { sent, speed, timeLeft } });
          this.#progress();
        },
        onState,
      });
      if (!current()) return void upload.abort();
      item.change({ upload });
      if (/** @type {string} */ (item.state) === "paused") upload.pause();
      else onState(upload.state);
      this.#change();
      const entry = await upload.done;
      if (!current()) return;
      item.change({ progress: { sent: item.source.size, speed: 0, timeLeft: 0 } });
      this.#sessions = 0;
      this.#end(item, "done");
      this.#emit("done", Object.freeze({ ...item.snapshot, entry }));
    } catch (error) {
      if (!current()) return;
      if (/** @type {Error} */ (error).name === "AbortError") this.#drop(item);
      else if (!(await this.#renewed(error)) && current()) this.#fail(item, error);
    } finally {
      this.#feed();
      this.#settle();
    }
  }

  /** @param {Item} item @param {unknown} error */
  #fail(item, error) {
    const { code, retryable, message } = isPartwayError(error) || error instanceof Refused ? error : INVALID;
    item.change({
      progress: { ...item.progress, speed: 0, timeLeft: null },
      failure: { code, retryable, message: () => this.describe(code, {}, message) },
    });
    this.#end(item, "failed");
    this.#emit("error", item.snapshot);
  }

  /**
   * Gets another session when an error says that this one is over; once for all that fail of it.
   * @param {unknown} error
   * @returns {Promise<boolean>} Whether there is another bucket now.
   */
  #renewed(error) {
    if (!isPartwayError(error) || !OVER.has(error.code)) return Promise.resolve(false);
    this.#renewing ??= this.#renew()
      .catch(() => false)
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }

  async #renew() {
    if ((this.#sessions += 1) > SESSIONS) return false;
    /** @type {Session | Promise<Session> | null} */
    let answer = null;
    /** @param {Session | Promise<Session>} session */
    const respondWith = (session) => {
      answer = session;
    };
    const ask = this.#emit("session-expired", { respondWith }, true);
    const session = (await answer) ?? (ask ? await this.#bucket.next() : null);
    if (session) await this.#bucket.open(session);
    return session !== null;
  }

  /** What was under way in the bucket before goes on in this one. @param {Bucket | null} bucket */
  #opened(bucket) {
    this.unfinished = [];
    for (const item of this.#pending) {
      const { state, upload } = item;
      if (!upload) continue;
      void upload.abort({ keep: true });
      this.#running.delete(item);
      item.reset(state === "paused" ? state : "queued");
      if (state !== "paused") this.#queue.add(item);
    }
    this.#emit("open", { bucket });
    this.#change();
    if (!bucket) return this.#queue.clear();
    if (!this.manual) this.start();
    void this.#look();
  }

  /** Looks for uploads of an earlier visit. */
  async #look() {
    const { bucket } = this;
    // What cannot be said is as good as nothing left: uploads go on without.
    const found = await Promise.resolve(bucket?.unfinished?.()).catch(() => []);
    if (bucket !== this.bucket) return;
    const keys = new Set(Array.from(this.#items.values(), ({ upload }) => upload?.key));
    this.unfinished = (found ?? []).filter(({ key }) => !keys.has(key));
    this.#change();
  }

  /** @param {Item} item @param {UploadSnapshot["state"]} state */
  #enter(item, state) {
    item.change({ state });
    const key = item.upload?.key;
    // It goes on here.
    if (this.unfinished.some((other) => other.key === key))
      this.unfinished = this.unfinished.filter((other) => other.key !== key);
    if (state === "paused") this.#running.delete(item);
    else if (item.upload) this.#running.add(item);
    if (state !== "uploading") item.change({ progress: { ...item.progress, speed: 0, timeLeft: null } });
    this.#change();
    if (state === "paused") this.#feed();
  }

  /** @param {Item} item @param {"done" | "failed"} state */
  #end(item, state) {
    this.#pending.delete(item);
    this.#running.delete(item);
    this.#ended += 1;
    this.#endings += 1;
    if (state === "done") this.#done += 1;
    item.change({ state });
    this.#change();
    if (this.unfinished.length > 0) void this.#look();
  }

  /** @param {Item} item */
  #drop(item) {
    this.#endings += 1;
    if (this.#items.delete(item.id) && item.state === "done") this.#done -= 1;
    this.#pending.delete(item);
    this.#queue.delete(item);
    this.#running.delete(item);
    this.#change();
  }

  /** Says so when nothing is left to do. */
  #settle() {
    if (this.#pending.size > 0 || this.#ended === 0) return;
    this.#ended = 0;
    this.#emit("complete", this.totals);
  }

  /** Something else than progress changed: tells it once for all that changes now. */
  #change() {
    this.#files = this.#totals = null;
    if (this.#changed) return;
    this.#changed = true;
    queueMicrotask(() => {
      this.#changed = false;
      this.#emit("change");
    });
    this.#progress();
  }

  #progress() {
    this.#files = this.#totals = null;
    if (this.#timer) return;
    this.#timer = +setTimeout(() => {
      this.#timer = 0;
      this.#emit("change");
      if (this.#running.size > 0) this.#emit("progress", this.totals);
    }, GAP);
  }

  /**
   * @param {string} type
   * @param {unknown} [detail]
   * @param {boolean} [cancelable]
   * @returns {boolean} Whether nobody prevented it.
   */
  #emit(type, detail, cancelable = false) {
    return this.dispatchEvent(new CustomEvent(type, bare({ detail, cancelable })));
  }

  /** @returns {Totals} */
  #sum() {
    const sum = { files: 0, done: 0, failed: 0, sent: 0, total: 0, speed: 0 };
    for (const { state, progress, source } of this.#items.values()) {
      if (state === "rejected") continue;
      sum.files += 1;
      if (state === "failed") sum.failed += 1;
      else {
        if (state === "done") sum.done += 1;
        sum.total += source.size;
        sum.sent += progress.sent;
        sum.speed += progress.speed;
      }
    }
    const timeLeft = sum.speed > 0 ? ((sum.total - sum.sent) / sum.speed) * 1000 : null;
    return Object.freeze({ ...sum, timeLeft });
  }
}
