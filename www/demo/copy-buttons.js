/** Buttons that copy what stands beside them: `data-copy` names the element whose text is meant. */

import { answer } from "./announce.js";
import { copy } from "./clipboard.js";

/** Makes the buttons work; without this module the texts are still there to be selected. */
export function enableCopyButtons() {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-copy]"))) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy ?? "");
      if (!source) return;
      const copied = await copy(Promise.resolve(source.textContent ?? ""));
      if (!copied) getSelection()?.selectAllChildren(source);
      answer(copied ? "Copied." : "It is selected: copy it with your keyboard.");
    });
    button.hidden = false;
  }
}
