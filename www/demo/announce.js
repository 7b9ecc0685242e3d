/**
 * The page's one polite live region. Reports are gathered so that it speaks at most once in five seconds; answers to
 * something the person just did come at once.
 */

const GAP = 5000;

/** @type {string[]} */
let waiting = [];
let lastSpoken = -Infinity;
let timer = 0;
let fading = 0;

/** @param {string} text */
function speak(text) {
  const region = /** @type {HTMLElement} */ (document.getElementById("status"));
  region.textContent = text;
  region.dataset.fresh = "";
  lastSpoken = performance.now();
  clearTimeout(fading);
  // Only the picture fades; the words stay for whoever browses to them.
  fading = window.setTimeout(() => delete region.dataset.fresh, 7000);
}

function flush() {
  timer = 0;
  const text = waiting.join(" ");
  waiting = [];
  if (text) speak(text);
}

/** @param {string} sentence A report that may wait a few seconds, such as the end of a batch. */
export function announce(sentence) {
  if (!waiting.includes(sentence)) waiting.push(sentence);
  if (timer) return;
  const wait = lastSpoken + GAP - performance.now();
  if (wait <= 0) flush();
  else timer = window.setTimeout(flush, wait);
}

/** @param {string} sentence The answer to an action, such as "Link copied." */
export function answer(sentence) {
  speak(sentence);
  // A report that was due now must not take the answer's place before it was heard.
  clearTimeout(timer);
  timer = waiting.length > 0 ? window.setTimeout(flush, GAP) : 0;
}

/** Drops what has not been said yet: it was about a session that is no longer on the page. */
export function forgetReports() {
  waiting = [];
}
