/**
 * Whether a file is one of those an `accept` attribute lists (HTML, section "File Upload state"): endings such as ".pdf", types such
 * as "image/png", kinds such as "image/*".
 * @param {string} accept An empty one takes every file.
 * @param {Blob} file
 * @param {string} name
 */
export function accepts(accept, file, name) {
  const wanted = accept.toLowerCase().split(",").map((one) => one.trim()).filter(Boolean);
  const [type, ending] = [file.type.toLowerCase().replace(/;.*/, ""), name.toLowerCase()];
  return wanted.length === 0 || wanted.some((one) =>
    one.startsWith(".") ? ending.endsWith(one)
    : one.endsWith("/*") ? one === "*/*" || type.startsWith(one.slice(0, -1))
    : type === one);
}
