// What a drop holds where it cannot be made of real folders: objects that behave like FileSystemEntry.

/** A file; without a `File` it cannot be read. */
export const fileEntry = (fullPath, file) => ({
  isFile: true,
  isDirectory: false,
  name: fullPath.split("/").at(-1),
  fullPath: `/${fullPath}`,
  ownFile: file,
  file: (told, failed) => setTimeout(() => (file ? told(file) : failed(new DOMException("gone", "NotFoundError")))),
});

/** A folder that tells its entries two at a time; without entries it cannot be read. */
export const folderEntry = (fullPath, entries) => ({
  isFile: false,
  isDirectory: true,
  name: fullPath.split("/").at(-1),
  fullPath: `/${fullPath}`,
  createReader() {
    let at = 0;
    const next = () => entries.slice(at, (at += 2));
    return {
      readEntries: (told, failed) =>
        setTimeout(() => (entries ? told(next()) : failed(new DOMException("forbidden", "NotReadableError")))),
    };
  },
});
