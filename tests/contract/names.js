// Encrypted file names on WebCrypto alone: a second implementation of the layouts documented in src/names/mod.rs
// (`pw1.`, and those of other software but for `cryptojs`, whose MD5 WebCrypto lacks), to check the first one against
// in real browsers. Shares no code with it.

const PREFIX = "pw1.";
const MAX_TEXT = 2200;
const MAX_NAME = 1024;
const SUITE = 1;
const NONCE = 12;
const TAG = 16;
const BLOCK = 64;
const SIZE = 0x01;
const MIME = 0x04;
const MODIFIED = 0x05;

const encode = (text) => new TextEncoder().encode(text);
const ASSOCIATED = Uint8Array.of(...encode("partway-name"), SUITE);
const INFO = encode("partway/v1/name/session/AES-256-GCM");

// Every refusal is this error, whatever the cause.
const unreadable = () => new Error("the name cannot be read with this session ID");

// `ignoreBOM` keeps a byte order mark, which is part of the name.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

async function deriveKey(sessionId) {
  if (sessionId === "") throw new Error("the session ID is empty");
  const input = await crypto.subtle.importKey("raw", encode(sessionId), "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: INFO };
  return crypto.subtle.deriveKey(hkdf, input, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

const algorithm = (nonce) => ({ name: "AES-GCM", iv: nonce, additionalData: ASSOCIATED, tagLength: 8 * TAG });

function encodeBase64Url(bytes) {
  const standard = btoa(String.fromCharCode(...bytes));
  return standard.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// Canonical only: what does not encode to the same text again is refused.
function decodeBase64Url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw unreadable();
  const standard = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(standard, (character) => character.charCodeAt(0));
  if (encodeBase64Url(bytes) !== text) throw unreadable();
  return bytes;
}

function number(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

function field(kind, value) {
  return value.length > 255 ? [] : [kind, value.length, ...value];
}

/**
 * Seals a name with WebCrypto.
 *
 * @param {string} sessionId exactly as the API returned it
 * @param {string} name 1 to 1024 bytes of UTF-8
 * @param {{size?: number, mime?: string, modified?: number}} [fields] bytes, MIME type, milliseconds since 1970
 * @param {Uint8Array} [nonce] 12 bytes; only vectors give one, otherwise it is random
 * @returns {Promise<string>} the text, `pw1.…`
 */
export async function sealWithWebCrypto(sessionId, name, fields = {}, nonce = crypto.getRandomValues(new Uint8Array(NONCE))) {
  const nameBytes = encode(name);
  if (nameBytes.length < 1 || nameBytes.length > MAX_NAME) throw new Error("a file name must have 1 to 1024 bytes of UTF-8");
  const { size, mime, modified } = fields;
  const plain = [nameBytes.length >> 8, nameBytes.length & 255, ...nameBytes];
  if (size != null) plain.push(...field(SIZE, number(size)));
  if (mime != null && mime !== "") plain.push(...field(MIME, encode(mime)));
  if (modified != null) plain.push(...field(MODIFIED, number(modified)));
  while (plain.length % BLOCK !== 0) plain.push(0);
  const body = await crypto.subtle.encrypt(algorithm(nonce), await deriveKey(sessionId), Uint8Array.from(plain));
  return PREFIX + encodeBase64Url([SUITE, ...nonce, ...new Uint8Array(body)]);
}

/**
 * Opens a text with WebCrypto.
 *
 * @param {string} sessionId exactly as the API returned it
 * @param {string} text `pw1.…`
 * @returns {Promise<{name: string, size: number | null, mime: string | null, modified: number | null}>} a number that
 *   JavaScript cannot hold exactly is null
 * @throws one and the same error for every text that cannot be read
 */
export async function openWithWebCrypto(sessionId, text) {
  const key = await deriveKey(sessionId);
  if (text.length > MAX_TEXT || !text.startsWith(PREFIX)) throw unreadable();
  const envelope = decodeBase64Url(text.slice(PREFIX.length));
  const body = envelope.length - 1 - NONCE - TAG;
  if (envelope[0] !== SUITE || body < BLOCK || body % BLOCK !== 0) throw unreadable();
  const nonce = envelope.slice(1, 1 + NONCE);
  try {
    const plain = await crypto.subtle.decrypt(algorithm(nonce), key, envelope.slice(1 + NONCE));
    return readPlaintext(new Uint8Array(plain));
  } catch {
    throw unreadable();
  }
}

function readPlaintext(plain) {
  const view = new DataView(plain.buffer);
  const length = view.getUint16(0);
  let at = 2 + length;
  if (length < 1 || length > MAX_NAME || at > plain.length) throw unreadable();
  const found = new Map();
  const read = { name: utf8.decode(plain.subarray(2, at)), size: null, mime: null, modified: null };
  while (at < plain.length && plain[at] !== 0) {
    const kind = plain[at];
    const start = at + 2;
    if (start > plain.length) throw unreadable();
    at = start + plain[at + 1];
    if (at > plain.length || kind >= 0x80) throw unreadable();
    const value = plain.subarray(start, at);
    if (kind === SIZE || kind === MODIFIED) {
      if (found.has(kind) || value.length !== 8) throw unreadable();
      const exact = view.getBigUint64(start);
      found.set(kind, exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : null);
    } else if (kind === MIME) {
      if (found.has(kind) || value.length === 0) throw unreadable();
      found.set(kind, utf8.decode(value));
    }
  }
  if (plain.subarray(at).some((byte) => byte !== 0)) throw unreadable();
  read.size = found.get(SIZE) ?? null;
  read.mime = found.get(MIME) ?? null;
  read.modified = found.get(MODIFIED) ?? null;
  return read;
}

const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/** The key and mode of a scheme of other software, and how many random bytes it takes. */
async function foreignScheme(scheme, sessionId) {
  const text = encode(sessionId);
  const raw = text.length === 32 ? text : encode(sessionId.replaceAll("-", ""));
  const bytes = scheme === "gcm-sha256" ? await crypto.subtle.digest("SHA-256", text) : raw;
  const mode = scheme === "cbc-raw32" ? "AES-CBC" : "AES-GCM";
  return { mode, count: mode === "AES-CBC" ? 16 : NONCE, key: await crypto.subtle.importKey("raw", bytes, mode, false, ["encrypt", "decrypt"]) };
}

/**
 * Writes a name as other software does.
 *
 * @param {"gcm-sha256" | "gcm-raw32" | "cbc-raw32"} scheme
 * @param {string} sessionId
 * @param {string} name
 * @param {Uint8Array} [iv] only vectors give one
 * @returns {Promise<string>}
 */
export async function writeForeign(scheme, sessionId, name, iv) {
  const { mode, count, key } = await foreignScheme(scheme, sessionId);
  const start = iv ?? crypto.getRandomValues(new Uint8Array(count));
  const body = new Uint8Array(await crypto.subtle.encrypt({ name: mode, iv: start }, key, encode(name)));
  return mode === "AES-CBC" ? `${hexOf(start)}:${hexOf(body)}` : btoa(String.fromCharCode(...start, ...body));
}

/**
 * Reads a name that other software wrote.
 *
 * @param {"gcm-sha256" | "gcm-raw32" | "cbc-raw32"} scheme
 * @param {string} sessionId
 * @param {string} text
 * @returns {Promise<string>}
 */
export async function readForeign(scheme, sessionId, text) {
  const { mode, count, key } = await foreignScheme(scheme, sessionId);
  const bytes = mode === "AES-CBC" ? bytesOf(text.replace(":", "")) : Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return utf8.decode(await crypto.subtle.decrypt({ name: mode, iv: bytes.slice(0, count) }, key, bytes.slice(count)));
}

/**
 * Runs the vectors of tests/vectors/schemes.json through both functions above.
 *
 * @param {object} vectors the parsed file
 * @returns {Promise<Record<string, number>>} how many were checked of each scheme
 * @throws with the title of the first vector that fails
 */
export async function checkForeignVectors(vectors) {
  const counts = { "gcm-sha256": 0, "gcm-raw32": 0, "cbc-raw32": 0 };
  for (const { title, scheme, session, random, name, text } of vectors.written) {
    if (!(scheme in counts)) continue;
    if (await writeForeign(scheme, session, name, bytesOf(random)) !== text) throw new Error(`${title}: written otherwise`);
    if (await readForeign(scheme, session, text) !== name) throw new Error(`${title}: read otherwise`);
    counts[scheme] += 1;
  }
  return counts;
}

/**
 * Runs the vectors of tests/vectors/names.json through both functions above.
 *
 * @param {object} vectors the parsed file
 * @returns {Promise<{sealed: number, opened: number, refused: number}>} how many were checked of each kind
 * @throws with the title of the first vector that fails
 */
export async function checkVectors(vectors) {
  for (const { title, session, nonce, name, fields, text } of vectors.sealed) {
    const sealed = await sealWithWebCrypto(session, name, fields, bytesOf(nonce));
    if (sealed !== text) throw new Error(`${title}: sealed otherwise`);
  }
  for (const { title, session, name, fields, text } of [...vectors.sealed, ...vectors.opened]) {
    const read = await openWithWebCrypto(session, text).catch(() => null);
    const { size = null, mime = null, modified = null } = fields;
    const same = read && read.name === name && read.size === size && read.mime === mime && read.modified === modified;
    if (!same) throw new Error(`${title}: opened otherwise`);
  }
  for (const { title, session, text } of vectors.refused) {
    const refusal = await openWithWebCrypto(session, text).then(() => null, (error) => error);
    if (refusal?.message !== unreadable().message) throw new Error(`${title}: not refused`);
  }
  return { sealed: vectors.sealed.length, opened: vectors.opened.length, refused: vectors.refused.length };
}
