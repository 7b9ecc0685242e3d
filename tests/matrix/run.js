// Every fault with every size, several side by side, and the results where WebDriver finds them.
// ?only=TEXT runs the faults whose name holds TEXT; gateways=A,B,… are where; the last one is for what runs apart.
// test=TEXT runs the rows whose name, `fault: size`, holds TEXT.
// share=N/M runs the longest file with every Mth fault only, from the Nth on: M browsers together run them all.

import { sleep } from "../contract/test.js";
import { faults } from "./faults.js";
import { run, sizes } from "./row.js";

const query = new URLSearchParams(location.search);
const only = query.get("only") ?? "";
const test = query.get("test") ?? "";
const gateways = query.get("gateways").split(",");
/** Rows at a time on one gateway: browsers open six connections to each. */
const SIDE_BY_SIDE = 2;
const LONGEST = 60_000;

window.results = { done: false, tests: [] };
window.addEventListener("unhandledrejection", (event) => {
  window.results.tests.push({ fault: "no rejection goes unhandled", size: "", ok: false, error: String(event.reason), millis: 0 });
});

/**
 * The browser's connection, for rows that lose it together: it goes when all of `count` are ready, and comes back so,
 * too.
 */
function network(count) {
  const meet = (name) => {
    let [here, all] = [0, undefined];
    const met = new Promise((resolve) => (all = resolve));
    return async () => {
      if (++here === count) {
        window.dispatchEvent(new Event(name));
        all();
      }
      await met;
    };
  };
  return { offline: meet("offline"), online: meet("online") };
}

async function row(fault, size, origin, lines) {
  const began = performance.now();
  const result = { fault: fault.name, size: size.label, ok: true, millis: 0 };
  try {
    const late = sleep(LONGEST).then(() => Promise.reject(new Error(`no end after ${LONGEST} ms`)));
    late.catch(() => {});
    await Promise.race([run(fault, size, origin, lines), late]);
  } catch (error) {
    result.ok = false;
    result.error = String(error?.message ?? error);
  }
  result.millis = Math.round(performance.now() - began);
  window.results.tests.push(result);
}

const chosen = faults.filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()));
const [first, share] = (query.get("share") ?? "0/1").split("/").map(Number);
const shareOf = (fault) => (faults.indexOf(fault) % share === first ? sizes : sizes.slice(0, -1));
const sizesOf = (fault) => shareOf(fault).filter((size) => `${fault.name}: ${size.label}`.includes(test));
const rows = (where) => chosen.filter((fault) => fault.where === where).flatMap((fault) => sizesOf(fault).map((size) => [fault, size]));

/** Works through the queue, one row after the other. */
async function work(queue, origin) {
  for (let next = queue.shift(); next; next = queue.shift()) await row(...next, origin);
}

const apart = gateways.at(-1);
const shared = gateways.length > 1 ? gateways.slice(0, -1) : gateways;
const queue = rows(undefined);
await Promise.all([
  work(rows("apart"), apart),
  ...shared.flatMap((origin) => Array.from({ length: SIDE_BY_SIDE }, () => work(queue, origin))),
]);
for (const fault of chosen.filter(({ where }) => where === "last")) {
  const lines = network(sizesOf(fault).length);
  await Promise.all(sizesOf(fault).map((size, place) => row(fault, size, gateways[place % gateways.length], lines)));
}
window.results.done = true;
