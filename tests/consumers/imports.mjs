// Imports an entry of the installed package where there is no DOM, and fails if that touched or started anything:
// node imports.mjs ENTRY
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const entry = process.argv[2];
const calls = [];

/** From now on every call of that function that `counts` is remembered, and fails. */
function forbid(object, name, counts = () => true) {
  const own = object?.[name];
  if (typeof own !== "function") return;
  object[name] = function (...given) {
    if (!counts(...given)) return own.apply(this, given);
    calls.push(`${name} was called`);
    throw new Error(`${name} was called`);
  };
}

// React is the page's own: what it does when it is imported is not ours.
if (entry === "partway/react") await import("react");

const ofPages = ["fetch", "setTimeout", "setInterval", "setImmediate", "requestAnimationFrame", "BroadcastChannel"];
for (const name of ofPages) forbid(globalThis, name);
const ofWasm = ["compile", "compileStreaming", "instantiate", "instantiateStreaming", "Module", "Instance"];
for (const name of ofWasm) forbid(WebAssembly, name);
// Node reads modules by the same functions.
const isWasm = (path) => /wasm(_bg\.wasm|_inline\.js)$/.test(String(path));
for (const name of ["readFile", "open"]) {
  forbid(fs, name, isWasm);
  forbid(fs.promises, name, isWasm);
}
syncBuiltinESMExports();
process.on("unhandledRejection", (error) => calls.push(`a promise failed: ${error.message}`));

const globals = new Set(Reflect.ownKeys(globalThis));
const listeners = process.eventNames().length;
const resources = process.getActiveResourcesInfo().sort().join();

const exported = await import(entry);
await Promise.resolve();

const added = Reflect.ownKeys(globalThis).filter((key) => !globals.has(key));
if (added.length > 0) calls.push(`it made the globals ${added.map(String)}`);
if (process.eventNames().length !== listeners) calls.push("it listens to the process");
const running = process.getActiveResourcesInfo().sort().join();
if (running !== resources) calls.push(`it keeps the process busy: ${running}, before: ${resources}`);
if (Object.keys(exported).length === 0) calls.push("it exports nothing");

process.on("exit", () => {
  for (const call of calls) console.error(`import "${entry}": ${call}`);
  if (calls.length > 0) process.exitCode = 1;
  else console.log(`import "${entry}": ${Object.keys(exported).join(", ")}`);
});
