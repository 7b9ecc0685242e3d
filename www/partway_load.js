// The WebAssembly is loaded here: when it is first needed, once, from one place, whichever entries a program imports.
// No address stands in this file: an entry offers where the bytes are, so that bundlers emit them for that entry alone.

import instantiate from "./partway_wasm.js";

const MISSING =
  "copy partway_wasm_bg.wasm of this version beside the bundle, or pass its address to init(), or import " +
  '"partway/inline".';
const MOVED =
  'Vite has moved the package away from the file; add optimizeDeps: { exclude: ["partway"] } to its configuration, or ' +
  'import "partway/inline".';
const FORBIDDEN =
  "The WebAssembly module is not allowed to run: allow 'wasm-unsafe-eval' in the script-src of the page's " +
  "Content-Security-Policy.";
const ABSENT =
  "There is no WebAssembly here: use a browser that has it, or switch it on, where it is off as in Lockdown Mode.";

/** Longest that the module may take to come, in milliseconds: a line of 1.5 kB/s carries it in that time. */
const LONGEST = 120_000;

/** `\0asm` and the version: the least module there is. */
const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

let offered;
let told;
let loading;

/**
 * Says where the module is, unless an entry of a higher `rank` said so.
 * @param {() => unknown} source gives what `load` takes, or a promise of it; called when the module is needed
 * @param {number} rank 0 an address, 1 the disk, 2 bytes in the program itself, which cannot be missing
 */
export function offer(source, rank) {
  if (!offered || offered.rank < rank) offered = { source, rank };
}

/**
 * Loads the module from `source`, else from where `offer` said. Once it is loading, later calls wait for the same; once
 * it failed, the next tries again. Rejects with code "load".
 */
export function load(source) {
  if (!loading) {
    // What was told stays told, so that `openBucket` finds it after a failure. An answer's body is there only once, and
    // a promise may be of one.
    if (source !== undefined && kind(source) !== "Response" && typeof source?.then !== "function") told = source;
    loading = start(source ?? told).then(
      () => {
        told = undefined;
      },
      (error) => {
        loading = undefined;
        throw error;
      },
    );
  }
  return loading;
}

async function start(source) {
  try {
    const module = Promise.resolve(source ?? offered?.source()).then(compile);
    await instantiate({ module_or_path: await within(LONGEST, module) });
  } catch (thrown) {
    // Its own properties: what `compile` says, or none.
    const missed = Object.assign(Object.create(null), thrown);
    const error = new Error(await sentence(missed), { cause: missed.cause ?? thrown });
    throw Object.assign(error, { name: "PartwayError", code: "load", retryable: true });
  }
}

/** What `work` gives. A browser waits for ever for an answer, and whoever opens a bucket would too. */
function within(millis, work) {
  return new Promise((resolve, reject) => {
    const from = ` within ${millis / 1000} s`;
    const timer = setTimeout(() => reject({ cause: new Error("It does not come."), from }), millis);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Browsers word it differently when a page's CSP forbids WebAssembly, and WebKit compiles all the same; in none of them
 * does anything run.
 */
async function sentence(missed) {
  const { from = "", isMoved } = missed;
  if (typeof WebAssembly === "undefined") return ABSENT;
  const missing = () => `The WebAssembly module could not be loaded${from}: ${isMoved ? MOVED : MISSING}`;
  return WebAssembly.instantiate(EMPTY).then(missing, () => FORBIDDEN);
}

/**
 * The module from `source`. Rejects with the `cause`, and with what was asked and answered (`from`).
 * @param {string | URL | Request | Response | BufferSource | WebAssembly.Module} source
 */
export async function compile(source) {
  const isAddress = ["String", "URL", "Request"].includes(kind(source));
  let answer;
  try {
    const given = isAddress ? await read(source) : source;
    if (kind(given) === "Response") answer = given;
    const module = await compiled(given);
    // The glue takes any module, and keeps it for good.
    if (WebAssembly.Module.exports(module).some(({ name }) => name === "openBucket")) return module;
    throw new Error("It is another module.");
  } catch (cause) {
    const address = isAddress ? addressOf(source) : answer?.url;
    const type = answer?.headers.get("Content-Type")?.split(";")[0].trim();
    const isMoved = /\/\.vite\//.test(address) && (answer?.status === 404 || /html/i.test(type));
    const what = answer
      ? [`HTTP ${answer.status}`, type || "no content type", ...(answer.ok ? ["no module of this version"] : [])].join(", ")
      : isAddress
        ? "no answer"
        : "no module of this version";
    throw { cause, isMoved, from: ` from ${address ? named(address) : "what init() was given"} (${what})` };
  }
}

/** @param {Response | BufferSource | WebAssembly.Module} given */
async function compiled(given) {
  if (kind(given) === "WebAssembly.Module") return given;
  if (kind(given) !== "Response") return WebAssembly.compile(given);
  if (!given.ok) throw new Error(`The answer has the status ${given.status}.`);
  // Any other type makes compileStreaming fail, and wasm-bindgen's own loader warn on the console.
  if (given.headers.get("Content-Type") === "application/wasm" && WebAssembly.compileStreaming) {
    return WebAssembly.compileStreaming(given);
  }
  return WebAssembly.compile(await given.arrayBuffer());
}

/** An address without what may be secret in it: user, query and fragment. @param {string} address */
function named(address) {
  try {
    const { protocol, host, pathname } = new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href);
    return /^(https?|file):$/.test(protocol) ? `${protocol}//${host}${pathname}` : `a ${protocol} address`;
  } catch {
    return "what is no address";
  }
}

/** What `value` calls itself: `instanceof` knows nothing of another frame. @param {unknown} value */
const kind = (value) => Object.prototype.toString.call(value).slice(8, -1);

/** @param {string | URL | Request} source */
const addressOf = (source) => (kind(source) === "Request" ? source.url : String(source));

/** `fetch` of Node takes no file: address, and the element imports the browser's entry there too. */
async function read(source) {
  const disk = /^file:/.test(addressOf(source)) && globalThis.process?.getBuiltinModule?.("node:fs/promises");
  return disk ? disk.readFile(new URL(source)) : fetch(source);
}
