/** The page's one banner for what stops everything: no gateway, no library, a session that has ended. */

import { setText } from "./element.js";

/**
 * @param {string} sentence
 * @param {...{ text: string, act: () => void }} remedies Buttons that may help, two at most.
 */
export function showNotice(sentence, ...remedies) {
  const { banner, words, buttons } = parts();
  banner.hidden = false;
  setText(words, sentence);
  buttons.forEach((button, at) => {
    const remedy = remedies[at];
    button.hidden = !remedy;
    button.onclick = remedy ? remedy.act : null;
    if (remedy) setText(button, remedy.text);
  });
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
    buttons: ["notice-button", "notice-other"].map(
      (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id)),
    ),
  };
}
