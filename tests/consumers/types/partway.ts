// Everything of `partway.d.ts`, as a strict program uses it. It is compiled, never run. What must be refused says so.

import init, {
  Bucket,
  Upload,
  displayName,
  identifyNames,
  isPartwayError,
  openBucket,
  safeDownloadName,
  type BucketOptions,
  type ErrorCode,
  type FileEntry,
  type NameScheme,
  type PartwayError,
  type RequestOptions,
  type SessionRules,
  type UnfinishedUpload,
  type UploadOptions,
  type UploadProgress,
  type UploadState,
} from "partway";
import initInline, * as inline from "partway/inline";

declare const file: File;
declare const blob: Blob;
declare const handle: FileSystemFileHandle;
declare const signal: AbortSignal;

/** Fails to compile unless both are the same type. */
function same<A, B>(..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]): void {}

export async function loading(): Promise<void> {
  await init();
  await init("/wasm/partway.wasm");
  await init(new URL("https://cdn.example/partway.wasm"));
  await init(new Request("/partway.wasm"));
  await init(new Response());
  await init(new ArrayBuffer(8));
  await init(new Uint8Array(8));
  await init(await WebAssembly.compile(new Uint8Array(8)));
  await initInline();
  const opened: Promise<Bucket> = inline.openBucket({ endpoint: "https://api.example/v1", token: "t", sessionId: "s" });
  same<typeof inline.isPartwayError, typeof isPartwayError>();
  same<typeof inline.displayName, typeof displayName>();
  (await opened).close();
}

export async function opening(): Promise<Bucket> {
  const schemes: Record<NameScheme, true> = {
    partway: true, cryptojs: true, "gcm-sha256": true, "gcm-raw32": true, "cbc-raw32": true, plain: true,
  };
  const rules: SessionRules = { maxFiles: 10, maxTotalMegaBytes: 100, expiry: Date.now() };
  const everything: Required<BucketOptions> = {
    endpoint: new URL("https://api.example/v1"),
    token: async () => "token",
    sessionId: "id",
    apiKey: "key",
    names: "partway",
    partSize: 8 << 20,
    parallel: 4,
    retry: { attempts: 8, baseDelay: 500, maxDelay: 30_000 },
    stallTimeout: 30_000,
    resume: true,
    rules,
  };
  await openBucket(everything);
  for (const token of ["token", () => "token", () => Promise.resolve("token")]) {
    await openBucket({ endpoint: "https://api.example/v1", token });
  }
  for (const retry of [false, {}, { attempts: 1 }] as const) await openBucket({ ...everything, retry });
  for (const asked of ["fetch", "ignore", rules, {}] as const) await openBucket({ ...everything, rules: asked });
  for (const names of Object.keys(schemes) as NameScheme[]) await openBucket({ ...everything, names });

  // @ts-expect-error options are required
  await openBucket();
  // @ts-expect-error so is the token
  await openBucket({ endpoint: "https://api.example/v1" });
  // @ts-expect-error and the endpoint
  await openBucket({ token: "token" });
  // @ts-expect-error no such option
  await openBucket({ ...everything, chunkSize: 1 });
  // @ts-expect-error no such scheme
  await openBucket({ ...everything, names: "rot13" });
  // @ts-expect-error `true` says nothing about the tries
  await openBucket({ ...everything, retry: true });
  // @ts-expect-error no such way to ask
  await openBucket({ ...everything, rules: "guess" });
  // @ts-expect-error a token is a string
  await openBucket({ ...everything, token: () => 1 });
  // @ts-expect-error buckets are opened, not made
  new Bucket();
  return openBucket(everything);
}

export async function uploading(bucket: Bucket): Promise<FileEntry> {
  const states: Record<UploadState, true> = {
    queued: true, starting: true, uploading: true, waiting: true, paused: true, completing: true, done: true,
    failed: true, aborted: true,
  };
  const options: Required<UploadOptions> = {
    name: "a.bin",
    handle,
    signal,
    onProgress: (progress: UploadProgress) => {
      same<typeof progress.timeLeft, number | null>();
      const { sent, total, partsDone, parts, speed, resumedFrom } = progress;
      const numbers: number[] = [sent, total, partsDone, parts, speed, resumedFrom];
      void numbers;
      // @ts-expect-error a snapshot is not to be written
      progress.sent = 1;
    },
    onState: (state: UploadState) => void states[state],
  };
  bucket.upload(file);
  const upload: Upload = bucket.upload(blob, options);
  bucket.upload(file, { name: "b" }).pause();
  // @ts-expect-error a path is no file
  bucket.upload("/tmp/a.bin");
  // @ts-expect-error no such option
  bucket.upload(file, { onDone() {} });
  // @ts-expect-error uploads are begun, not made
  new Upload();

  const state: UploadState = upload.state;
  const progress: UploadProgress = upload.progress;
  const name: string = upload.name;
  const size: number = upload.size;
  same<typeof upload.key, string | undefined>();
  void [state, progress, name, size];
  upload.pause();
  upload.resume();
  await upload.abort();
  await upload.abort({});
  const aborted: Promise<void> = upload.abort({ keep: true });
  await aborted;
  // @ts-expect-error read only
  upload.state = "done";
  // @ts-expect-error no such state
  if (upload.state === "complete") return upload.done;
  return upload.done;
}

export async function listing(bucket: Bucket): Promise<void> {
  const options: RequestOptions = { signal };
  const entries: FileEntry[] = await bucket.list();
  await bucket.list(options);
  const entry: FileEntry = await bucket.file("key", options);
  entries.push(entry, await bucket.file("key"));
  same<typeof entry.name, string | null>();
  same<typeof entry.nameScheme, NameScheme | null>();
  same<typeof entry.nameAuthenticated, boolean>();
  same<typeof entry.type, string | null>();
  same<typeof entry.sizeMatches, boolean | null>();
  same<typeof entry.creator, string | null>();
  same<typeof entry.completed, boolean>();
  const { key, size, parts } = entry;
  const all: [string, number, number] = [key, size, parts];
  void all;
  // @ts-expect-error read only
  entry.size = 0;
  // @ts-expect-error a name that cannot be decrypted is null
  entry.name.length;

  const link: string = await bucket.downloadUrl(key, options);
  await bucket.downloadUrl(key);
  const bytes: Blob = await bucket.download(key);
  await bucket.download(key, {
    signal,
    onProgress: (received: number, total: number) => void [received / total, link, bytes],
  });
  await bucket.remove(key);
  const removed: undefined | void = await bucket.remove(key, options);
  const rules: SessionRules = await bucket.rules();
  await bucket.rules(options);
  same<typeof rules.maxFiles, number | undefined>();
  same<typeof rules.maxTotalMegaBytes, number | undefined>();
  same<typeof rules.expiry, number | undefined>();
  const bits: number = bucket.nameStrength;
  void [removed, bits];
  // @ts-expect-error a key is a string
  await bucket.file(1);
  // @ts-expect-error read only
  bucket.nameStrength = 128;
  // @ts-expect-error there is no such call
  await bucket.rename(key, "b");
}

export async function goingOn(bucket: Bucket): Promise<void> {
  const left: UnfinishedUpload[] = await bucket.unfinished();
  for (const one of left) {
    same<typeof one.name, string | null>();
    const numbers: number[] = [one.size, one.stored, one.startedAt];
    void numbers;
    const upload: Upload = await one.reopen();
    await one.reopen({ onState() {}, signal });
    await upload.done;
    await bucket.forget(one.key);
    // @ts-expect-error read only
    one.stored = 0;
  }
  bucket.close();
  bucket[Symbol.dispose]();
}

export async function disposed(options: BucketOptions): Promise<void> {
  using bucket = await openBucket(options);
  await bucket.list();
}

export async function naming(): Promise<void> {
  const scheme = await identifyNames("session", "report.pdf", "U2FsdGVk");
  same<typeof scheme, NameScheme | null>();
  const { stem, extension } = displayName("report.pdf");
  const texts: string[] = [stem, extension, safeDownloadName("report.pdf")];
  void texts;
  // @ts-expect-error three texts
  await identifyNames("session", "report.pdf");
  // @ts-expect-error a name is a string
  displayName(null);
}

export function failing(error: unknown): string {
  if (!isPartwayError(error)) return String(error);
  const failure: PartwayError = error;
  const native: Error = failure;
  same<typeof failure.name, "PartwayError">();
  same<typeof failure.status, number | undefined>();
  same<typeof failure.retryable, boolean>();
  const told: Record<ErrorCode, string> = {
    "invalid-option": "", "invalid-file": "", "file-changed": "", "too-large": "", "too-many-files": "",
    "session-expired": "",
    unauthorized: "", refused: "", "not-found": "", network: "", timeout: "", server: "", protocol: "", integrity: "",
    storage: "", closed: "", load: "",
  };
  // @ts-expect-error no such code
  if (failure.code === "oops") return "";
  // @ts-expect-error read only
  failure.code = "load";
  return told[failure.code] + native.message;
}
