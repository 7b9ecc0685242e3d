// The list of tests, and what they say when something is not so.

const query = new URLSearchParams(location.search);
const only = query.get("only") ?? "";
/** Whether tests that take minutes are run, too. */
export const full = query.get("full") === "true";
export const tests = [];

/** Whether a test of that name is to be run. */
export const isWanted = (name) => name.includes(only);

/** Adds a test. */
export function test(name, body) {
  tests.push({ name, body });
}

/** Fails unless `fact` holds. */
export function ok(fact, message) {
  if (!fact) throw new Error(message);
}

/** Fails unless the two are the same as JSON. */
export function same(found, expected, message = "") {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  ok(a === b, `${message}: expected ${b}, found ${a}`);
}

/** Fails unless `promise` rejects with the PartwayError `code`; gives the error. */
export async function fails(promise, code) {
  let error;
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  ok(error !== undefined, `expected ${code}, but it succeeded`);
  ok(error instanceof Error && error.name === "PartwayError", `expected a PartwayError, got ${error}`);
  ok(error.code === code, `expected ${code}, got ${error.code}: ${error.message}`);
  ok(typeof error.retryable === "boolean", "retryable is missing");
  return error;
}

/** Fails unless `promise` rejects with the platform's AbortError. */
export async function aborts(promise) {
  const error = await promise.then(() => undefined, (error) => error);
  ok(error instanceof DOMException && error.name === "AbortError", `expected an AbortError, got ${error}`);
}

/** Waits. */
export const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Waits until `fact()` holds. */
export async function until(fact, what, millis = 20_000) {
  const end = performance.now() + millis;
  while (!(await fact())) {
    ok(performance.now() < end, `waited in vain for ${what}`);
    await sleep(10);
  }
}
