/** The page's one banner for what stops everything: no gateway, no library, a session that has ended. */

import { setText } from "./element.js";

/**
 * @param {string} sentence
 * @param {{ text: string, act: () => void }} [remedy] A button that may help.
 */
export function showNotice(sentence, remedy) {
  const { banner, words, button } = parts();
  banner.hidden = false;
  setText(words, sentence);
  button.hidden = !remedy;
  button.onclick = remedy ? remedy.act : null;
  if (remedy) setText(button, remedy.text);
}

/** Takes the banner away. */
export function hideNotice() {
  const { banner, words } = parts();
  banner.hidden = true;
  setText(words, "");
}

function parts() {
  return {
    banner: /** @type {HTMLElement} */ (document.getElementById("notice")),
    words: /** @type {HTMLElement} */ (document.getElementById("notice-words")),
    button: /** @type {HTMLButtonElement} */ (document.getElementById("notice-button")),
  };
}
