// The other side of tests/names_peers.rs in Node.js: `cryptojs` by crypto-js, the rest by WebCrypto.
//
//   node peers.mjs FOLDER write < [{scheme, session, name}] > [text]
//   node peers.mjs FOLDER read < [{scheme, session, text}] > [name]
//
// FOLDER is where crypto-js is installed.

import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { readFileSync } from "node:fs";

const [folder, task] = process.argv.slice(2);
const CryptoJS = createRequire(join(resolve(folder), "index.js"))("crypto-js");

const encode = (text) => new TextEncoder().encode(text);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const random = (count) => crypto.getRandomValues(new Uint8Array(count));

async function keyOf(scheme, session) {
  const text = encode(session);
  const bytes = scheme === "gcm-sha256" ? await crypto.subtle.digest("SHA-256", text)
    : text.length === 32 ? text : encode(session.replaceAll("-", ""));
  return crypto.subtle.importKey("raw", bytes, scheme === "cbc-raw32" ? "AES-CBC" : "AES-GCM", false, ["encrypt", "decrypt"]);
}

async function write({ scheme, session, name }) {
  if (scheme === "cryptojs") return CryptoJS.AES.encrypt(name, session).toString();
  const [algorithm, iv] = scheme === "cbc-raw32" ? ["AES-CBC", random(16)] : ["AES-GCM", random(12)];
  const body = Buffer.from(await crypto.subtle.encrypt({ name: algorithm, iv }, await keyOf(scheme, session), encode(name)));
  if (scheme === "cbc-raw32") return `${Buffer.from(iv).toString("hex")}:${body.toString("hex")}`;
  return Buffer.concat([iv, body]).toString("base64");
}

async function read({ scheme, session, text }) {
  if (scheme === "cryptojs") return CryptoJS.AES.decrypt(text, session).toString(CryptoJS.enc.Utf8);
  const key = await keyOf(scheme, session);
  if (scheme === "cbc-raw32") {
    const [iv, body] = text.split(":").map((part) => Buffer.from(part, "hex"));
    return utf8.decode(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, key, body));
  }
  const bytes = Buffer.from(text, "base64");
  return utf8.decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes.subarray(0, 12) }, key, bytes.subarray(12)));
}

const given = JSON.parse(readFileSync(0, "utf8"));
const answer = [];
for (const item of given) answer.push(await (task === "write" ? write : read)(item));
process.stdout.write(JSON.stringify(answer));
