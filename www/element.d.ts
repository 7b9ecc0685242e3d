// `<partway-uploader>` and `<partway-bucket>`, and the store behind them. `import "partway/element"` defines both
// elements, once, and is safe without a DOM. Units: bytes, milliseconds, bytes a second.

import type {
  Bucket, BucketOptions, ErrorCode, FileEntry, NameScheme, UnfinishedUpload, Upload, UploadState,
} from "./partway.js";

/** What a page's own server says of a session. */
export interface Session {
  endpoint?: string | URL;
  token: BucketOptions["token"];
  sessionId?: string;
  apiKey?: string;
}

/** A file to add. */
export type FileSource = Blob | { file: Blob; name?: string; handle?: FileSystemFileHandle };

/** One file of the list: plain, frozen, a new object at each change. */
export interface UploadSnapshot {
  readonly id: string;
  readonly file: Blob;
  /** Name as uploaded; for a file of a dropped folder its path below it, with "/" between. */
  readonly name: string;
  readonly size: number;
  readonly state: UploadState | "rejected";
  readonly sent: number;
  readonly speed: number;
  readonly timeLeft: number | null;
  readonly key: string | undefined;
  /** Why it failed or was rejected. `message` is in the element's language and fit to show. */
  readonly error: {
    readonly code: ErrorCode | "not-accepted" | "not-a-file" | "unreadable";
    readonly message: string;
    readonly retryable: boolean;
  } | null;
}

export interface Totals {
  readonly files: number;
  readonly done: number;
  readonly failed: number;
  readonly sent: number;
  readonly total: number;
  readonly speed: number;
  readonly timeLeft: number | null;
}

/** A page's own texts over those of the language: any subset. Keys as in `partway/element`'s `languages/en.js`. */
export type Messages = Partial<Record<string, string | ((values: Record<string, unknown>) => string)>>;

/**
 * The whole uploader: drop zone, buttons, list, totals, unfinished uploads of the last visit.
 *
 * Attributes (strings and booleans only), each mirrored by a property of the camel-case name: `endpoint`, `session-id`,
 * `names`, `part-size`, `parallel` (as in `BucketOptions`); `multiple`, `directory`, `accept`, `capture` (as on `<input
 * type=file>`); `max-files`, `max-size` (checked before the session's rules); `manual` (nothing starts before
 * `start()`); `paste` and `drop`: "self" (default for drop) | "document" | "none" (default for paste); `no-resume`;
 * `disabled`, `required`, `name` (form); `label`; `lang`, `dir` (else those of the nearest ancestor that has them).
 *
 * Parts: `zone prompt browse browse-folder list item name meta progress message action overall status unfinished`.
 * States (`:state(...)`): `dragover busy paused complete error offline disabled`.
 * Slots: `prompt`, `icon`, `footer`, and a light-DOM `<input type=file>` that works before the script runs and is
 * adopted after.
 * Custom properties: `--partway-accent --partway-on-accent --partway-surface --partway-zone --partway-text
 * --partway-muted --partway-danger --partway-success --partway-radius --partway-gap --partway-font --partway-motion
 * --partway-list-height`.
 *
 * Form: one entry per finished file under `name`, its value the file's key; `valueMissing` while `required` and nothing
 * is done, `customError` while uploads run, so that submission waits; form reset cancels and clears.
 */
export class PartwayUploader extends HTMLElement {
  endpoint: string;
  sessionId: string;
  names: NameScheme | "";
  partSize: number | null;
  parallel: number | null;
  multiple: boolean;
  directory: boolean;
  accept: string;
  capture: string;
  maxFiles: number | null;
  maxSize: number | null;
  manual: boolean;
  paste: "self" | "document" | "none" | "";
  drop: "self" | "document" | "none" | "";
  noResume: boolean;
  disabled: boolean;
  required: boolean;
  name: string;
  label: string;

  /**
   * Asked when the first file comes, and again when a session has expired. The way in for tokens: there is no token
   * attribute.
   */
  getSession: (() => Session | Promise<Session>) | null;
  /** The bucket files go to: one made elsewhere may be given, else it is made from `getSession` and the attributes. */
  bucket: Bucket | null;
  /** A page's own check: a sentence why a file is not wanted, or null. Shown as it is. */
  validate: ((file: Blob, name: string) => string | null) | null;
  /** A page's own texts over those of the language: any subset. */
  messages: Messages;
  readonly files: readonly UploadSnapshot[];
  readonly totals: Totals;
  /** What the element shows. It knows of every change, and of what an earlier visit left unfinished. */
  readonly store: UploadStore;

  /** Adds files as if they had been picked. Gives the snapshots of those accepted. */
  add(files: Iterable<FileSource>): readonly UploadSnapshot[];
  start(): void;
  pause(id?: string): void;
  resume(id?: string): void;
  /** Without an ID only what has not ended. What is stored whole stays stored, and only leaves the list. */
  cancel(id?: string): Promise<void>;
  retry(id?: string): void;
  /** Takes finished, failed and rejected files out of the list. */
  clear(): void;
  /** Opens the file dialog; must be called from a user's action. */
  openPicker(): void;
  /** The library's upload behind a file of the list. */
  upload(id: string): Upload | undefined;

  readonly form: HTMLFormElement | null;
  readonly validity: ValidityState;
  readonly validationMessage: string;
  readonly willValidate: boolean;
  checkValidity(): boolean;
  reportValidity(): boolean;

  addEventListener<K extends keyof PartwayEventMap>(
    type: K,
    listener: (this: PartwayUploader, event: PartwayEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** All bubble and are composed. */
export interface PartwayEventMap {
  /** Before files are taken; cancelable: `preventDefault()` takes none. */
  "partway-add": CustomEvent<{ files: readonly { file: Blob; name: string }[] }>;
  "partway-reject": CustomEvent<{ file: Blob | null; name: string; code: string; message: string }>;
  "partway-start": CustomEvent<UploadSnapshot>;
  /** Totals, at most ten a second. */
  "partway-progress": CustomEvent<Totals>;
  "partway-done": CustomEvent<UploadSnapshot & { entry: FileEntry }>;
  "partway-error": CustomEvent<UploadSnapshot>;
  /** Nothing is left to do. */
  "partway-complete": CustomEvent<Totals>;
  /**
   * The session is over; `respondWith` a new one (or leave it: `getSession` is asked). Cancelable: then nothing is
   * asked.
   */
  "partway-session-expired": CustomEvent<{ respondWith(session: Session | Promise<Session>): void }>;
}

/**
 * The files of a bucket: names, sizes, download, copy link, delete. Attributes `for` (id of the uploader whose bucket
 * it shows; else the nearest ancestor's or its own `bucket` property), `readonly`, `lang`, `dir`. Stays smooth with
 * 10,000 files.
 */
export class PartwayBucket extends HTMLElement {
  for: string;
  readonly: boolean;
  bucket: Bucket | null;
  /** A page's own texts over those of the language: any subset. */
  messages: Messages;
  readonly entries: readonly FileEntry[];
  refresh(): Promise<void>;
}

/** What an `UploadStore` may be told; each is a property of it too, and may be changed later. */
export interface UploadStoreOptions {
  /** Asked when the first file comes, and again when a session has expired. */
  getSession: (() => Session | Promise<Session>) | null;
  /** A bucket made elsewhere. */
  bucket: Bucket | null;
  /** What `openBucket` is told besides the session. */
  options: Partial<BucketOptions>;
  /** Whether files may be many; else a new one takes the place of one that has ended. Default true. */
  multiple: boolean;
  directory: boolean;
  /** As on `<input type=file>`. */
  accept: string;
  maxFiles: number | null;
  maxSize: number | null;
  /** Nothing starts before `start()`. */
  manual: boolean;
  validate: ((file: Blob, name: string) => string | null) | null;
  /** The text of a failure: `key` is its code or "larger-than" or "more-than", `message` what the library says. */
  describe: (key: string, values: Record<string, unknown>, message: string) => string;
}

/** As the element's, without the prefix. */
export interface UploadStoreEventMap {
  /** Something differs: `files` and `totals` are new. At most ten a second for progress alone. */
  change: CustomEvent<null>;
  add: PartwayEventMap["partway-add"];
  reject: PartwayEventMap["partway-reject"];
  start: PartwayEventMap["partway-start"];
  progress: PartwayEventMap["partway-progress"];
  done: PartwayEventMap["partway-done"];
  error: PartwayEventMap["partway-error"];
  complete: PartwayEventMap["partway-complete"];
  "session-expired": PartwayEventMap["partway-session-expired"];
}

/**
 * The uploader without a page: for a list of one's own, or none. Knows no DOM, and runs in a worker and in Node.
 *
 *     const store = new UploadStore({ getSession: () => fetch("/session").then((answer) => answer.json()) });
 *     store.addEventListener("change", () => draw(store.files, store.totals));
 *     store.add(input.files);
 */
export class UploadStore extends EventTarget implements UploadStoreOptions {
  constructor(options?: Partial<UploadStoreOptions>);

  getSession: UploadStoreOptions["getSession"];
  bucket: Bucket | null;
  options: Partial<BucketOptions>;
  multiple: boolean;
  directory: boolean;
  accept: string;
  maxFiles: number | null;
  maxSize: number | null;
  manual: boolean;
  validate: UploadStoreOptions["validate"];
  describe: UploadStoreOptions["describe"];

  /** Frozen; a new array when something changed, and only then: `useSyncExternalStore` may take it as it is. */
  readonly files: readonly UploadSnapshot[];
  /** Without rejected files. */
  readonly totals: Totals;
  /** What an earlier visit left of this session, once the bucket is open. */
  readonly unfinished: readonly UnfinishedUpload[];

  /** Gives the snapshots of those accepted. */
  add(files: Iterable<FileSource>): readonly UploadSnapshot[];
  /** Begins what waits for it. */
  start(): void;
  /** One file, or without an ID all of them; so below. */
  pause(id?: string): void;
  resume(id?: string): void;
  /**
   * Stops it, removes what is stored of it unless that is the whole file, and takes it out of the list. Without an ID
   * only what has not ended.
   */
  cancel(id?: string): Promise<void>;
  /** Begins failed files anew. */
  retry(id?: string): void;
  /** Takes finished, failed and rejected files out of the list. */
  clear(): void;
  /** The library's upload behind a file of the list. */
  upload(id: string): Upload | undefined;
  /** Opens the bucket now, without waiting for a file. */
  connect(): Promise<Bucket>;
  /** Goes on with an unfinished upload from its file handle; call it in a user's action. */
  reopen(unfinished: UnfinishedUpload): Promise<void>;
  /** Gives an unfinished upload up. */
  forget(unfinished: UnfinishedUpload): Promise<void>;
  /** Empties the list, aborts what runs, keeps what can be resumed, closes the bucket it opened. */
  close(): void;

  addEventListener<K extends keyof UploadStoreEventMap>(
    type: K,
    listener: (this: UploadStore, event: UploadStoreEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "partway-uploader": PartwayUploader;
    "partway-bucket": PartwayBucket;
  }
  interface GlobalEventHandlersEventMap extends PartwayEventMap {}
}
