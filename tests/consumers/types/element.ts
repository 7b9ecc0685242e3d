// Everything of `element.d.ts`, as a strict program uses it. It is compiled, never run. What must be refused says so.

import type { Bucket, FileEntry, Upload, UploadState } from "partway";
import {
  PartwayBucket,
  PartwayUploader,
  UploadStore,
  type PartwayEventMap,
  type Session,
  type Totals,
  type UploadSnapshot,
} from "partway/element";

declare const file: File;
declare const handle: FileSystemFileHandle;
declare const bucket: Bucket;

/** Fails to compile unless both are the same type. */
function same<A, B>(..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]): void {}

export function finding(): void {
  const uploader: PartwayUploader | null = document.querySelector("partway-uploader");
  const list: PartwayBucket = document.createElement("partway-bucket");
  const element: HTMLElement = new PartwayUploader();
  void [uploader, list, element, new PartwayBucket()];
}

export function properties(uploader: PartwayUploader): void {
  const session: Required<Session> = {
    endpoint: "https://api.example/v1", token: () => "token", sessionId: "id", apiKey: "key",
  };
  uploader.getSession = () => session;
  uploader.getSession = async () => ({ token: "token", endpoint: new URL("https://api.example/v1") });
  uploader.getSession = null;
  uploader.bucket = bucket;
  uploader.bucket = null;
  uploader.validate = (file: Blob, name: string) => (file.size > 0 && name !== "" ? null : "Empty");
  uploader.validate = null;
  uploader.messages = { browse: "Choose", left: (values) => `${String(values["count"])} left` };
  // @ts-expect-error a session has a token
  uploader.getSession = () => ({ sessionId: "id" });
  // @ts-expect-error a token is not set on the element
  uploader.token = "token";
  // @ts-expect-error a sentence or null
  uploader.validate = () => true;
  // @ts-expect-error a text, or a function that gives one
  uploader.messages = { browse: 1 };
  // @ts-expect-error read only
  uploader.files = [];

  // Each attribute's property.
  uploader.endpoint = "https://api.example/v1";
  uploader.sessionId = "id";
  uploader.names = "partway";
  uploader.partSize = 8 << 20;
  uploader.parallel = 4;
  uploader.multiple = uploader.directory = uploader.manual = true;
  uploader.noResume = uploader.disabled = uploader.required = true;
  uploader.accept = "image/*,.pdf";
  uploader.capture = "environment";
  uploader.maxFiles = 10;
  uploader.maxSize = 1 << 30;
  uploader.paste = "document";
  uploader.drop = "none";
  uploader.name = "files";
  uploader.label = "Files";
  uploader.lang = "ar";
  uploader.dir = "rtl";
  // @ts-expect-error no such scheme
  uploader.names = "rot13";
  // @ts-expect-error no such place
  uploader.paste = "window";
  // @ts-expect-error true or false
  uploader.multiple = "multiple";

  const form: HTMLFormElement | null = uploader.form;
  const validity: ValidityState = uploader.validity;
  const texts: string = uploader.validationMessage;
  const valid: boolean = uploader.checkValidity() && uploader.reportValidity();
  void [form, validity, texts, valid];
}

export async function methods(uploader: PartwayUploader | UploadStore): Promise<void> {
  const added: readonly UploadSnapshot[] = uploader.add([
    file, { file }, { file: new Blob(), name: "a/b.bin", handle },
  ]);
  for (const { id } of added) {
    uploader.pause(id);
    uploader.resume(id);
    uploader.retry(id);
    await uploader.cancel(id);
    const upload: Upload | undefined = uploader.upload(id);
    void upload;
  }
  uploader.start();
  uploader.pause();
  uploader.resume();
  uploader.retry();
  const cancelled: Promise<void> = uploader.cancel();
  await cancelled;
  uploader.clear();
  if (uploader instanceof PartwayUploader) uploader.openPicker();
  // @ts-expect-error files come in a list
  uploader.add(file);
  // @ts-expect-error a path is no file
  uploader.add(["/tmp/a.bin"]);
  // @ts-expect-error an ID is a string
  uploader.pause(1);

  const snapshot = uploader.files[0];
  if (snapshot) snapshots(snapshot);
  totals(uploader.totals);
}

function snapshots(snapshot: UploadSnapshot): void {
  same<typeof snapshot.state, UploadState | "rejected">();
  same<typeof snapshot.timeLeft, number | null>();
  same<typeof snapshot.key, string | undefined>();
  const { id, file, name, size, sent, speed, error } = snapshot;
  const told: [string, Blob, string, number, number, number] = [id, file, name, size, sent, speed];
  if (error) {
    const { code, message, retryable } = error;
    const why: [string, string, boolean] = [code, message, retryable];
    void [why, code === "not-accepted", code === "not-a-file", code === "unreadable", code === "load"];
    // @ts-expect-error no such code
    void (code === "oops");
  }
  void told;
  // @ts-expect-error frozen
  snapshot.sent = 1;
}

function totals({ files, done, failed, sent, total, speed, timeLeft }: Totals): void {
  same<typeof timeLeft, number | null>();
  const numbers: number[] = [files, done, failed, sent, total, speed];
  void numbers;
}

export function events(uploader: PartwayUploader): void {
  const heard: { [K in keyof PartwayEventMap]: (event: PartwayEventMap[K]) => void } = {
    "partway-add": (event) => {
      for (const { file, name } of event.detail.files) if (file.size === 0 || name === "") event.preventDefault();
    },
    "partway-reject": ({ detail: { file, name, code, message } }) => {
      same<typeof file, Blob | null>();
      const texts: string[] = [name, code, message];
      void texts;
    },
    "partway-start": ({ detail }) => snapshots(detail),
    "partway-progress": ({ detail }) => totals(detail),
    "partway-done": ({ detail }) => {
      snapshots(detail);
      const entry: FileEntry = detail.entry;
      void entry;
    },
    "partway-error": ({ detail }) => snapshots(detail),
    "partway-complete": ({ detail }) => totals(detail),
    "partway-session-expired": (event) => {
      event.detail.respondWith({ token: "token" });
      event.detail.respondWith(Promise.resolve({ token: "token" }));
      event.preventDefault();
      // @ts-expect-error a session has a token
      event.detail.respondWith({});
    },
  };
  const keys: (keyof PartwayEventMap)[] = [
    "partway-add", "partway-reject", "partway-start", "partway-progress", "partway-done", "partway-error",
    "partway-complete", "partway-session-expired",
  ];
  void [heard, keys];
  uploader.addEventListener("partway-done", function ({ detail: { entry } }) {
    same<typeof this, PartwayUploader>();
    void entry.key;
  }, { once: true });
  uploader.addEventListener("click", () => {});
  uploader.addEventListener("keydown", { handleEvent(event: Event) { void event.type; } }, true);
  // All bubble: a listener anywhere above gets them, with their types.
  document.body.addEventListener("partway-progress", ({ detail }) => totals(detail));
  // @ts-expect-error progress tells totals, no file
  uploader.addEventListener("partway-progress", ({ detail }) => detail.id);
  // @ts-expect-error no such event
  const none: keyof PartwayEventMap = "partway-finished";
  void none;
}

export async function bucketElement(list: PartwayBucket): Promise<void> {
  list.bucket = bucket;
  list.bucket = null;
  const entries: readonly FileEntry[] = list.entries;
  const refreshed: Promise<void> = list.refresh();
  await refreshed;
  void entries;
  // @ts-expect-error read only
  list.entries = [];
}

export async function store(): Promise<void> {
  new UploadStore();
  const store = new UploadStore({
    getSession: () => ({ token: "token" }), bucket: null, options: { partSize: 8 << 20 }, multiple: true,
    directory: false,
    accept: "image/*", maxFiles: 3, maxSize: 1, manual: true, validate: () => null,
  });
  store.manual = false;
  store.addEventListener("change", () => void [store.files, store.totals]);
  store.addEventListener("add", (event) => event.preventDefault());
  store.addEventListener("reject", ({ detail }) => void detail.code);
  store.addEventListener("start", ({ detail }) => snapshots(detail));
  store.addEventListener("progress", ({ detail }) => totals(detail));
  store.addEventListener("done", ({ detail }) => void detail.entry.key);
  store.addEventListener("error", ({ detail }) => snapshots(detail));
  store.addEventListener("complete", ({ detail }) => totals(detail));
  store.addEventListener("session-expired", ({ detail }) => detail.respondWith({ token: "token" }));
  const opened: Bucket = await store.connect();
  void opened;
  store.close();
  // @ts-expect-error no such option
  new UploadStore({ chunkSize: 1 });
}
