// A list of sealed names, fetched, read and opened: by Partway, by hand with WebCrypto (the same names, in Partway's
// envelope, which `src/names/mod.rs` lays out), and by crypto-js (the same names, as it seals them).

import AES from "crypto-js/aes";
import Utf8 from "crypto-js/enc-utf8";

const address = "/pkg/partway.js";
const bytes = new TextEncoder();
const PREFIX = "pw1.";

async function keyOf(session) {
  const material = await crypto.subtle.importKey("raw", bytes.encode(session), "HKDF", false, ["deriveKey"]);
  const info = bytes.encode("partway/v1/name/session/AES-256-GCM");
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return crypto.subtle.deriveKey(derivation, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

const additionalData = new Uint8Array([...bytes.encode("partway-name"), 1]);

async function seal(key, name) {
  const text = bytes.encode(name);
  const plain = new Uint8Array(Math.ceil((2 + text.length) / 64) * 64);
  new DataView(plain.buffer).setUint16(0, text.length);
  plain.set(text, 2);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, plain));
  const envelope = new Uint8Array([1, ...iv, ...sealed]);
  const base64 = btoa(String.fromCharCode(...envelope));
  return PREFIX + base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function open(key, text) {
  const base64 = text.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/");
  const envelope = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const algorithm = { name: "AES-GCM", iv: envelope.subarray(1, 13), additionalData };
  const plain = await crypto.subtle.decrypt(algorithm, key, envelope.subarray(13));
  return new TextDecoder().decode(new Uint8Array(plain, 2, new DataView(plain).getUint16(0)));
}

export async function prepare({ api, session, settings: { count } }) {
  const names = Array.from({ length: count }, (_, i) => `Holiday in Übersee ${i}.jpeg`);
  const key = await keyOf(session);
  const list = (texts) =>
    JSON.stringify(
      texts.map((fileName, i) => ({
        fileKey: `key-${i}`,
        fileName,
        completed: true,
        originalSizeInBytes: 1,
        totalParts: 1,
      })),
    );
  const show = (body) => fetch(`${api}/list`, { method: "PUT", body });
  const fetched = async () => (await (await fetch(`${api}/buckets`)).json()).map(({ fileName }) => fileName);
  const { openBucket } = await import(address);
  const bucket = await openBucket({ endpoint: api, token: "token", sessionId: session, rules: "ignore" });
  const sealed = list(await Promise.all(names.map((name) => seal(key, name))));
  const salted = list(names.map((name) => AES.encrypt(name, session).toString()));
  const opened = {};
  const timed = async (who, body, work) => {
    await show(body);
    const began = performance.now();
    const read = await work();
    opened[who] = performance.now() - began;
    if (read.length !== count || read.some((name, i) => name !== names[i])) throw new Error(`${who} read other names`);
  };
  const partway = async () => (await bucket.list()).map(({ name }) => name);
  return async () => {
    await timed("partway", sealed, partway);
    await timed("webcrypto", sealed, async () => Promise.all((await fetched()).map((text) => open(key, text))));
    await timed("partway, names of crypto-js", salted, partway);
    const byHand = async () => (await fetched()).map((text) => AES.decrypt(text, session).toString(Utf8));
    await timed("crypto-js", salted, byHand);
    bucket.close();
    return { opened };
  };
}
