/** The library's version, as its own package says it. */

import { setText } from "./element.js";

/** Fills `#version`; where the package has no manifest, nothing is shown. @returns {Promise<void>} */
export async function showVersion() {
  const place = document.getElementById("version");
  if (!place) return;
  try {
    const response = await fetch("pkg/package.json", { credentials: "omit" });
    const { version } = response.ok ? await response.json() : {};
    if (typeof version === "string") setText(place, `partway ${version}`);
  } catch {
    // A page without its version is still a page.
  }
}
