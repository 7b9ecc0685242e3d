/**
 * Which files an `accept` attribute lists (HTML, section "File Upload state"): endings such as ".pdf", types such as
 * "image/png", kinds such as "image/*".
 * @param {string} accept An empty one takes every file.
 * @returns {(file: Blob, name: string) => boolean}
 */
export function acceptor(accept) {
  const wanted = accept
    .toLowerCase()
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
  if (wanted.length === 0) return () => true;
  return (file, name) => {
    const [type, ending] = [file.type.toLowerCase().replace(/;.*/, ""), name.toLowerCase()];
    return wanted.some((one) =>
      one.startsWith(".")
        ? ending.endsWith(one)
        : one.endsWith("/*")
          ? one === "*/*" || type.startsWith(one.slice(0, -1))
          : type === one,
    );
  };
}
