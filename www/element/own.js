/**
 * Objects without what every object inherits: a fault of the page's may have put anything upon `Object.prototype`.
 */

/**
 * @template {object} T
 * @template {keyof T} K
 * @param {T} object
 * @param {K} key
 * @returns {T[K] | undefined} Its own, or its class's.
 */
export function own(object, key) {
  for (let holder = Object(object); holder; ) {
    const next = Object.getPrototypeOf(holder);
    if (Object.hasOwn(holder, key)) return next || holder === object ? object[key] : undefined;
    holder = next;
  }
  return undefined;
}

/**
 * @template {object} T
 * @param {T} members
 * @returns {T} The same, and nothing else: the browser reads what it was not given as well.
 */
export const bare = (members) => Object.assign(Object.create(null), members);
