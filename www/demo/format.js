/** Numbers as people read them: sizes in decimal units (1 MB = 10^6 bytes, as in the session's rules), speeds, durations. */

const LANGUAGE = "en";
const UNITS = ["kilobyte", "megabyte", "gigabyte", "terabyte"];

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/**
 * @param {number} value
 * @param {string} unit
 * @param {number} digits
 */
function inUnit(value, unit, digits) {
  const key = `${unit} ${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(LANGUAGE, {
      style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short",
      minimumFractionDigits: digits, maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  return format.format(value);
}

/**
 * @param {number} bytes
 * @param {string} suffix "" or "-per-second".
 */
function scaled(bytes, suffix) {
  if (bytes < 1000) return suffix ? inUnit(bytes / 1000, `kilobyte${suffix}`, 1) : inUnit(bytes, "byte", 0);
  let value = bytes / 1000;
  let step = 0;
  // 999.95 and not 1000, so that rounding never shows "1000.0 kB".
  while (value >= 999.95 && step < UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  return inUnit(value, `${UNITS[step]}${suffix}`, value >= 100 ? 0 : 1);
}

/** @param {number} bytes @returns {string} Such as "41.9 MB". */
export const size = (bytes) => scaled(bytes, "");

/** @param {number} bytesPerSecond @returns {string} Such as "12.4 MB/s". */
export const speed = (bytesPerSecond) => scaled(bytesPerSecond, "-per-second");

/** @param {number} value @returns {string} A whole number with separators. */
export const count = (value) => value.toLocaleString(LANGUAGE);

/**
 * @param {number} value
 * @param {string} one The noun for one.
 * @param {string} [many] The noun for any other number.
 * @returns {string} Such as "1 file", "1,000 files".
 */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/**
 * Never says 100 % before the last byte.
 * @param {number} part
 * @param {number} whole
 * @returns {string}
 */
export function percent(part, whole) {
  const ratio = whole > 0 ? Math.min(1, part / whole) : 1;
  return `${ratio === 1 ? 100 : Math.min(99, Math.floor(ratio * 100))}%`;
}

/** @param {number} milliseconds @returns {string} Such as "40 s", "3 min 20 s", "2 h 5 min". */
export function duration(milliseconds) {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  // Half minutes are noise in a forecast of more than ten minutes.
  if (seconds < 600) return seconds % 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds / 60} min`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return counted(Math.round(hours / 24), "day");
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

/** @param {number} timestamp Milliseconds since 1970. @returns {string} The time, with the day when it is not today. */
export function clock(timestamp) {
  const date = new Date(timestamp);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(LANGUAGE, {
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(today ? {} : { day: "numeric", month: "short" }),
  });
}
