/** Numbers of the session as people read them. What the uploader shows it writes itself, in its own language. */

const LANGUAGE = "en";
const UNITS = ["megabyte", "gigabyte", "terabyte"];

/** @param {number} value @returns {string} A whole number with separators. */
export const count = (value) => value.toLocaleString(LANGUAGE);

/** @param {number} megabytes Of 10^6 bytes, as in the session's rules. @returns {string} Such as "1 TB". */
export function megabytesAs(megabytes) {
  const step = Math.min(2, Math.max(0, Math.floor(Math.log10(megabytes) / 3)));
  return (megabytes / 1000 ** step).toLocaleString(LANGUAGE, {
    style: "unit", unit: UNITS[step], unitDisplay: "short", maximumFractionDigits: 1,
  });
}

/** @param {number} timestamp Milliseconds since 1970. @returns {string} The time, with the day when it is not today. */
export function clock(timestamp) {
  const date = new Date(timestamp);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(LANGUAGE, {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(today ? {} : { day: "numeric", month: "short" }),
  });
}
