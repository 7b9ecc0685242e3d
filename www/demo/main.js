/** Starts the page, and says so when the library it shows is missing or cannot run here. */

import { showNotice } from "./notice.js";
import { enableCopy } from "./code-sample.js";
import { showVersion } from "./version.js";

enableCopy();
void showVersion();

try {
  await import("./page.js");
} catch (error) {
  console.error(error);
  showNotice("The library did not load. Build it with “cargo xtask build”, then reload.", {
    text: "Reload",
    act: () => location.reload(),
  });
}
