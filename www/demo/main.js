/** Starts the page, and says so when the library it shows is missing or cannot run here. */

import { beginAnew } from "./address.js";
import { enableCopyButtons } from "./copy-buttons.js";
import { enableTabs } from "./code-tabs.js";
import { highlight } from "./highlight.js";
import { showNotice } from "./notice.js";
import { showVersion } from "./version.js";

for (const code of document.querySelectorAll("code[data-code]")) highlight(/** @type {HTMLElement} */ (code));
for (const list of document.querySelectorAll("[role=tablist]")) enableTabs(/** @type {HTMLElement} */ (list));
enableCopyButtons();
void showVersion();

try {
  if (!beginAnew()) await import("./page.js");
} catch (error) {
  console.error(error);
  showNotice("The library did not load. Build it with “cargo xtask build”, then reload.", {
    text: "Reload",
    act: () => location.reload(),
  });
}
