/**
 * The session in the address: after the #, which browsers keep to themselves, never in the path or the query. A link
 * brings it, and the page takes it out at once, since the address bar is seen by others and remembered by the browser.
 * What a reload comes back to is in the state of the history's entry, and only while a reload would need it.
 */

const FIELD = "session";

/**
 * @param {string} id
 * @returns {string} The link that lets another page into the session.
 */
export function joinLink(id) {
  const link = new URL(location.pathname, location.origin);
  link.hash = new URLSearchParams({ [FIELD]: id }).toString();
  return link.href;
}

/** Takes the session that a link brought out of the address. @returns {string | null} Its ID. */
export function takeFromAddress() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const id = fields.get(FIELD) || null;
  if (id) {
    fields.delete(FIELD);
    const rest = fields.toString();
    history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  }
  return id;
}

/**
 * A page that a link opened begins anew without it: scripts can read the address a page was opened with for as long as
 * it is there (`performance`).
 * @returns {boolean} Whether it does.
 */
export function beginAnew() {
  const id = takeFromAddress();
  if (!id) return false;
  keep(id);
  location.reload();
  return true;
}

/** @returns {string | null} The ID of the session that a reload comes back to. */
export const kept = () => (Object.hasOwn(history.state ?? {}, FIELD) ? history.state[FIELD] : null);

/** @param {string | null} id What a reload is to come back to; `null` for nothing. */
export function keep(id) {
  if (kept() !== id) history.replaceState(id ? { [FIELD]: id } : null, "");
}
