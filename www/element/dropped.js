/**
 * Files and folders out of a drop or a paste. Two traps: entries must be taken from every item before the first await
 * (the list empties itself after the event), and `readEntries` gives at most a hundred a call until it gives none.
 */

/**
 * @typedef {{ file: File, name: string, handle?: FileSystemFileHandle }} Picked `name`: with its folder, where it
 *   has one.
 */
/**
 * @typedef {{ name: string, code: "not-a-file" | "unreadable" | "empty-folder" }} Refused What is no file that
 *   could be taken.
 */
/** @typedef {{ picked: Picked[], refused: Refused[] }} Found */

/** What systems leave in folders and nobody means to send. */
const LITTER = /^(?:\.DS_Store|\.localized|\._.*|Thumbs\.db|ehthumbs\.db|desktop\.ini)$/i;
/** Longest that reading sizes may hold up the page, in milliseconds. */
const TURN = 8;

/** @param {DataTransfer | null} transfer @returns {boolean} */
export const hasFiles = (transfer) => transfer?.types.includes("Files") ?? false;

/**
 * Reads what was dropped or pasted, in the order it was in.
 * @param {DataTransfer} transfer
 * @param {boolean} folders Whether folders are taken.
 * @returns {Promise<Found>} Never rejects: what cannot be read is in `refused`.
 */
export async function filesOf(transfer, folders) {
  // All of it at once; what comes later is awaited in order.
  const tops = Array.from(transfer.items)
    .filter((item) => item.kind === "file")
    .map((item) => {
      const entry = item.webkitGetAsEntry?.() ?? null;
      const file = entry?.isDirectory ? null : item.getAsFile();
      return { entry, file, handle: file && handleOf(item) };
    });
  /** @type {Found} */
  const found = { picked: [], refused: [] };
  for (const { entry, file, handle } of tops) {
    if (file) {
      const given = await handle;
      found.picked.push({ file, name: file.name, ...(given && { handle: given }) });
    } else if (!entry) found.refused.push({ name: "", code: "unreadable" });
    else if (entry.isDirectory && !folders) found.refused.push({ name: entry.name, code: "not-a-file" });
    else await walk(entry, found);
  }
  return readSizes(found);
}

/**
 * @param {Iterable<File>} files Of an input; those of a folder carry their path.
 * @returns {Promise<Found>}
 */
export function filesOfInput(files) {
  const wanted = Array.from(files).filter((file) => !file.webkitRelativePath || !LITTER.test(file.name));
  return readSizes({
    picked: wanted.map((file) => ({ file, name: file.webkitRelativePath || file.name })),
    refused: [],
  });
}

/** Browsers ask the disk for a picked file's size when it is first read. @param {Found} found */
async function readSizes(found) {
  let end = performance.now() + TURN;
  for (const { file } of found.picked) {
    if (file.size >= 0 && performance.now() < end) continue;
    await new Promise((resolve) => setTimeout(resolve));
    end = performance.now() + TURN;
  }
  return found;
}

/**
 * Lets an upload go on after a reload without picking the file again. Chromium's alone, and on plain HTTP it has been
 * seen to crash.
 * @param {DataTransferItem} item
 * @returns {Promise<FileSystemFileHandle | undefined>}
 */
async function handleOf(item) {
  try {
    const handle = await (isSecureContext && /** @type {any} */ (item).getAsFileSystemHandle?.());
    return handle?.kind === "file" ? handle : undefined;
  } catch {
    return undefined; // A pasted picture has no file behind it: it is taken all the same.
  }
}

/** @param {FileSystemEntry} top @param {Found} found Added to, folder by folder, in the order of the folders. */
async function walk(top, found) {
  const waiting = [top];
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    const name = entry.fullPath.replace(/^\//, "") || entry.name;
    try {
      if (entry.isDirectory) {
        const children = await childrenOf(/** @type {FileSystemDirectoryEntry} */ (entry));
        if (children.length === 0) found.refused.push({ name, code: "empty-folder" });
        for (const child of children.reverse()) waiting.push(child);
      } else if (!LITTER.test(entry.name)) {
        const { file: read } = /** @type {FileSystemFileEntry} */ (entry);
        /** @type {File} */
        const file = await new Promise((resolve, reject) => read.call(entry, resolve, reject));
        found.picked.push({ file, name });
      }
    } catch {
      found.refused.push({ name, code: "unreadable" }); // and the others go on
    }
  }
}

/** @param {FileSystemDirectoryEntry} folder @returns {Promise<FileSystemEntry[]>} */
async function childrenOf(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const children = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return children;
    children.push(...some);
  }
}
