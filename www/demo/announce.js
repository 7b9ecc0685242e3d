/** The page's own live region, for what the uploader does not say: "Link copied." and the like. */

let fading = 0;

/** @param {string} sentence The answer to something the person just did. */
export function answer(sentence) {
  const region = /** @type {HTMLElement} */ (document.getElementById("status"));
  region.textContent = sentence;
  region.dataset.fresh = "";
  clearTimeout(fading);
  // Only the picture fades; the words stay for whoever browses to them.
  fading = window.setTimeout(() => delete region.dataset.fresh, 7000);
}
