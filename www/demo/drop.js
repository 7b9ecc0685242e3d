/** The ways in: files dropped anywhere on the page, pasted, or picked through the two file inputs. */

import { filesOf, filesOfInput } from "./dropped-items.js";
import { preferHandles } from "./file-picker.js";

/** @typedef {import("./dropped-items.js").Found} Found */

/**
 * @param {HTMLElement} zone Marked with `data-over` while files hover over the page.
 * @param {HTMLInputElement[]} inputs
 * @param {(found: Found) => void} onFiles
 */
export function acceptFiles(zone, inputs, onFiles) {
  /** @param {boolean} over */
  const mark = (over) => zone.toggleAttribute("data-over", over);

  // The whole page takes the drop, since a file that misses a small zone would replace the page.
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("dragleave", (event) => {
    // Moving from one element to the next also "leaves"; only leaving the window has nowhere to go.
    if (event.relatedTarget === null) mark(false);
  });
  addEventListener("drop", (event) => {
    mark(false);
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    if (event.dataTransfer) filesOf(event.dataTransfer).then(onFiles);
  });
  addEventListener("paste", (event) => {
    if (!event.clipboardData || !hasFiles(event.clipboardData)) return;
    event.preventDefault();
    filesOf(event.clipboardData).then(onFiles);
  });

  /** @param {import("./dropped-items.js").Picked[]} picked */
  const give = (picked) => {
    if (picked.length > 0) onFiles({ picked, unreadable: 0, emptyFolders: 0 });
  };
  for (const input of inputs) {
    // Folders come as many files at once: a handle for each would mean a prompt for each.
    if (!input.webkitdirectory) preferHandles(input, give);
    input.addEventListener("change", () => {
      const picked = filesOfInput(input.files ?? []);
      // Emptied, so that picking the same file again is a change too.
      input.value = "";
      give(picked);
    });
  }
}

/** @param {DataTransfer | null} transfer */
const hasFiles = (transfer) => transfer?.types.includes("Files") ?? false;
