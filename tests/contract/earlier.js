// What the version before stored: rows of a scope that said nothing of the service, identities that counted the date.
// Made here by WebCrypto, from the layout in src/resume/mod.rs.

const encode = (text) => new TextEncoder().encode(text);
const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const number = (value, bytes) => Uint8Array.from({ length: bytes }, (_, place) => Math.floor(value / 256 ** (bytes - 1 - place)) % 256);
const join = (...pieces) => new Uint8Array(pieces.flatMap((piece) => [...piece]));
const text = (value) => join(number(encode(value).length, 2), encode(value));
const SAMPLE = 64 * 1024;

async function derived(sessionId, label, length) {
  const key = await crypto.subtle.importKey("raw", encode(sessionId), "HKDF", false, ["deriveBits"]);
  const salt = new Uint8Array();
  return crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info: encode(`partway/v1/resume/${label}`) }, key, length * 8);
}

async function identityOf(sessionId, file) {
  const { size } = file;
  const middle = (size - SAMPLE) / 2;
  const slices = size <= 3 * SAMPLE ? [file] : [file.slice(0, SAMPLE), file.slice(middle, middle + SAMPLE), file.slice(size - SAMPLE)];
  const sample = new Uint8Array(await new Blob(slices).arrayBuffer());
  const name = encode(file.name);
  const head = join(number(name.length, 8), name, number(size, 8), [1], number(file.lastModified, 8), number(sample.length, 8));
  const raw = await derived(sessionId, "identity", 32);
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return base64url(await crypto.subtle.sign("HMAC", key, await new Blob([head, sample]).arrayBuffer()));
}

/** Stores in the database, which is there, that the parts with `tags` are stored of `file`. */
export async function storedByTheVersionBefore({ sessionId, file, key, uploadId, partSize, tags }) {
  const scope = base64url(await derived(sessionId, "scope", 16));
  const identity = await identityOf(sessionId, file);
  const cipher = await crypto.subtle.importKey("raw", await derived(sessionId, "AES-256-GCM", 32), "AES-GCM", false, ["encrypt"]);
  const seal = async (kind, place, plain) => {
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const additionalData = join(encode("partway-resume"), [1, kind], text(scope), text(identity), place);
    const padded = join(plain, new Uint8Array((64 - (plain.length % 64)) % 64));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData }, cipher, padded);
    return join([1], nonce, new Uint8Array(sealed));
  };
  const numbers = join(number(file.size, 8), number(partSize, 8), number(Date.now(), 8), [1], number(file.lastModified, 8));
  const record = await seal(1, [], join(numbers, text(uploadId), text(key), text(file.name)));
  const rows = [];
  for (const [part, tag] of tags.entries()) {
    rows.push([part + 1, await seal(2, join(number(part + 1, 4), text(uploadId), text(key)), text(tag))]);
  }
  const of = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
  const database = await of(indexedDB.open("partway"));
  const transaction = database.transaction(["uploads", "tags"], "readwrite");
  const ended = new Promise((resolve, reject) => Object.assign(transaction, { oncomplete: resolve, onabort: reject }));
  transaction.objectStore("uploads").put({ sealed: record, expires: Date.now() + 3_600_000 }, [scope, identity]);
  for (const [part, sealed] of rows) transaction.objectStore("tags").put(sealed, [scope, identity, part]);
  await ended;
  database.close();
}
