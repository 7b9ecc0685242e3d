// Runs every test of this page, one at a time, and leaves the results where WebDriver finds them.
// ?only=TEXT runs the tests whose name holds TEXT, ?full=true also those that take minutes.

import { full, isWanted, tests } from "./test.js";

const LONGEST = full ? 300_000 : 120_000;

/** Runs them; all are to be in the list. */
export async function run() {
  window.results = { done: false, tests: [], longest: LONGEST };
  window.addEventListener("unhandledrejection", (event) => {
    window.results.tests.push({ name: "no rejection goes unhandled", ok: false, error: String(event.reason), millis: 0 });
  });

  for (const { name, body } of tests.filter(({ name }) => isWanted(name))) {
    const began = performance.now();
    const result = { name, ok: true, millis: 0 };
    let timer;
    try {
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no end after ${LONGEST} ms`)), LONGEST);
      });
      await Promise.race([body(), late]);
    } catch (error) {
      result.ok = false;
      result.error = `${error?.stack ?? ""}\n${error}`;
    }
    clearTimeout(timer);
    result.millis = Math.round(performance.now() - began);
    window.results.tests.push(result);
    document.body?.append(`${result.ok ? "ok" : "FAILED"} ${name} `, document.createElement("br"));
  }
  window.results.done = true;
}
