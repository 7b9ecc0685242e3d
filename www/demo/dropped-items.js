/**
 * Files and folders out of a drop or a paste. Two traps: entries must be taken from every item before the first await
 * (the list empties itself after the event), and `readEntries` gives at most a hundred a call until it gives none.
 */

/**
 * @typedef {{ file: File, name: string, handle?: FileSystemFileHandle }} Picked A file, the name it is stored under, with its
 *   folder where it has one, and the browser's handle of it, where there is one.
 */

/** @typedef {{ picked: Picked[], unreadable: number, emptyFolders: number }} Found */

/** What systems leave in folders and nobody means to send. */
const LITTER = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<Found>}
 */
export async function filesOf(transfer) {
  /** @type {FileSystemEntry[]} */
  const entries = [];
  /** @type {Picked[]} */
  const picked = [];
  /** @type {Promise<void>[]} */
  const handles = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry?.();
    const file = entry?.isDirectory ? null : item.getAsFile();
    // The item's own File is kept where it can be: one made from an entry loses nothing, but costs a round trip each.
    if (file) {
      /** @type {Picked} */
      const one = { file, name: file.name };
      picked.push(one);
      handles.push(addHandle(one, item));
    } else if (entry) entries.push(entry);
  }
  await Promise.all(handles);
  return walk(entries, picked);
}

/**
 * Asks for the handle at once, as the item must be, and adds it when it comes.
 * @param {Picked} one
 * @param {DataTransferItem} item
 */
async function addHandle(one, item) {
  // Chromium's alone, and on plain HTTP it has been seen to crash.
  const ask = isSecureContext && /** @type {any} */ (item).getAsFileSystemHandle;
  if (!ask) return;
  try {
    const handle = await ask.call(item);
    if (handle?.kind === "file") one.handle = handle;
  } catch {
    // A pasted picture has no file behind it: it is sent all the same.
  }
}

/**
 * @param {Iterable<File>} files From an input; those of a folder input carry their path.
 * @returns {Picked[]}
 */
export function filesOfInput(files) {
  return Array.from(files)
    .filter((file) => !file.webkitRelativePath || !LITTER.has(file.name))
    .map((file) => ({ file, name: file.webkitRelativePath || file.name }));
}

/**
 * @param {FileSystemEntry[]} entries
 * @param {Picked[]} picked Added to.
 * @returns {Promise<Found>}
 */
async function walk(entries, picked) {
  const found = { picked, unreadable: 0, emptyFolders: 0 };
  const waiting = entries.reverse();
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    try {
      if (entry.isFile) {
        if (!LITTER.has(entry.name)) {
          const file = await fileOf(/** @type {FileSystemFileEntry} */ (entry));
          picked.push({ file, name: entry.fullPath.replace(/^\//, "") || file.name });
        }
      } else if (entry.isDirectory) {
        const children = await childrenOf(/** @type {FileSystemDirectoryEntry} */ (entry));
        if (children.length === 0) found.emptyFolders += 1;
        waiting.push(...children.reverse());
      }
    } catch {
      // One unreadable entry must not cost the others.
      found.unreadable += 1;
    }
  }
  return found;
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File>}
 */
const fileOf = (entry) => new Promise((done, failed) => entry.file(done, failed));

/**
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<FileSystemEntry[]>}
 */
async function childrenOf(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const children = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return children;
    for (const child of some) children.push(child);
  }
}
