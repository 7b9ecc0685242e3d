/** The faults a person can choose, in plain words, and as the rules the gateway's fault layer understands. */

/**
 * @typedef {object} Fault
 * @property {string} name Its `data-fault`.
 * @property {string} title
 * @property {string} detail What happens, in a sentence.
 * @property {string} said What is read aloud when it begins.
 * @property {() => object[]} rules For the gateway, the first that matches acts.
 * @property {RegExp} [acts] For a fault that strikes once: what the gateway's log calls it when it has.
 * @property {number} [lasts] For a fault that ends by itself: after how many milliseconds.
 */

/** The sending of a part. */
const PART = { method: "PUT", path: "^/v1/buckets$" };

/**
 * Turns from `first` on, each `step` after the last, for as long as anyone watches.
 * @param {number} first
 * @param {number} step
 */
const every = (first, step) => Array.from({ length: 500 }, (_, index) => first + index * step);

/** Faults that stay until they are healed. @type {readonly Fault[]} */
export const LASTING = [
  {
    name: "drop-third",
    title: "Drop every third part",
    detail: "The connection breaks half way through it.",
    said: "Every third part is dropped from now on.",
    rules: () => [{ match: { ...PART, nth: every(3, 3) }, do: { drop: "middle" } }],
  },
  {
    name: "lose-answers",
    title: "Lose the answers",
    detail: "Every second part is stored, but its answer never arrives.",
    said: "Every second answer is lost from now on.",
    rules: () => [{ match: { ...PART, nth: every(2, 2) }, do: { drop: "after" } }],
  },
  {
    name: "busy",
    title: "Too busy",
    detail: "Every second part gets 429 and Retry-After: 3 s.",
    said: "The gateway is too busy for every second part from now on.",
    rules: () => [{ match: { ...PART, nth: every(2, 2) }, do: { status: 429, headers: { "Retry-After": "3" } } }],
  },
  {
    name: "throttle",
    title: "Slow line",
    detail: "Each part arrives at 500 kB/s.",
    said: "The line is slow from now on.",
    rules: () => [{ match: PART, do: { throttle: 500_000 } }],
  },
  {
    name: "hang",
    title: "Answer nothing",
    detail: "Parts hang until the library gives them up and tries again.",
    said: "The gateway answers no part from now on.",
    rules: () => [{ match: PART, do: { hang: "before" } }],
  },
];

/** Faults that strike once. @type {readonly Fault[]} */
export const SINGLE = [
  {
    name: "expire",
    title: "Expire the token",
    detail: "The next request finds its token refused.",
    said: "The token expires with the next request.",
    rules: () => [{ match: { path: "^/v1/buckets", nth: [1] }, do: { expireTokens: true } }],
    acts: /expire/i,
  },
  {
    name: "restart",
    title: "Restart the server",
    detail: "Every connection breaks. It is back in 3 seconds.",
    said: "The server restarts.",
    rules: () => [{ match: { path: "^/v1/", nth: [1] }, do: { restart: 3000 } }],
    acts: /restart/i,
  },
  {
    name: "disk-full",
    title: "Disk full for 5 seconds",
    detail: "Parts are refused with 507 until there is room again.",
    said: "The disk is full for five seconds.",
    rules: () => [{ match: PART, do: { diskFull: true } }],
    lasts: 5000,
  },
];
