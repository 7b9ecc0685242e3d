/** The copy button of the code sample. */

import { answer } from "./announce.js";
import { copy } from "./clipboard.js";

/** Makes the button work; without this module the sample is still there to be selected. */
export function enableCopy() {
  const sample = document.querySelector("#sample code");
  const button = document.getElementById("copy-sample");
  if (!sample || !button) return;
  button.addEventListener("click", async () => {
    const copied = await copy(Promise.resolve(sample.textContent ?? ""));
    if (!copied) getSelection()?.selectAllChildren(sample);
    answer(copied ? "Code copied." : "The code is selected: copy it with your keyboard.");
  });
  button.hidden = false;
}
