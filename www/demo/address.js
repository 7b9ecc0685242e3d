/**
 * The session in the address bar: after the #, which browsers keep to themselves, never in the path or the query. It
 * stands there only while a reload would need it, because the address bar is seen by others and remembered by the
 * browser.
 */

const FIELD = "session";

/**
 * @param {string} id
 * @returns {string} The link that lets another page into the session.
 */
export function joinLink(id) {
  const link = new URL(location.pathname, location.origin);
  link.hash = fragment(id);
  return link.href;
}

/** @returns {string | null} The session ID that the address names. */
export const sessionInAddress = () => new URLSearchParams(location.hash.slice(1)).get(FIELD) || null;

/** @param {string | null} id What a reload is to come back to; `null` for nothing. */
export function keepInAddress(id) {
  if (sessionInAddress() === id) return;
  history.replaceState(null, "", location.pathname + location.search + (id ? `#${fragment(id)}` : ""));
}

/** @param {string} id */
const fragment = (id) => new URLSearchParams({ [FIELD]: id }).toString();
