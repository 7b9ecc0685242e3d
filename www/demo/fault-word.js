/**
 * The word that lets this page set faults. `cargo xtask demo` prints it as part of the page's address, after the #,
 * which browsers keep to themselves. It is taken out of the address at once, and kept for reloads of this tab alone.
 */

const FIELD = "faults";
const KEPT = "partway-demo-fault-word";

/** @returns {string | null} The word that the address names. */
function given() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const word = fields.get(FIELD);
  if (!word) return null;
  fields.delete(FIELD);
  const rest = fields.toString();
  history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  return word;
}

/** @returns {string | null} */
function known() {
  const word = given();
  try {
    if (word) sessionStorage.setItem(KEPT, word);
    return word ?? sessionStorage.getItem(KEPT);
  } catch {
    // Where nothing may be kept, a reload has no word.
    return word;
  }
}

/** @type {string | null} `null` where the page was given none. */
export const faultWord = known();
