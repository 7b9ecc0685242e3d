/** A look of the elements, as the custom properties that differ from their own, and as CSS. */

/** @typedef {readonly [light: string, dark: string]} Pair */
/**
 * @typedef {object} Theme What a person has chosen; what is missing stays the elements' own.
 * @property {Record<string, Pair>} colours
 * @property {number} [radius] In pixels.
 * @property {number} [gap] In pixels.
 * @property {string} [font]
 * @property {string} [scheme] "light" or "dark"; without it, the page's.
 */

/** The elements' own colours (`www/element/style.js`). @type {Record<string, Pair>} */
export const COLOURS = {
  accent: ["#0b6e69", "#5fd4cb"],
  surface: ["#ffffff", "#171b20"],
  zone: ["#f3f7f7", "#1d2329"],
  text: ["#1a2126", "#e8edf0"],
  muted: ["#56626b", "#a3b0b9"],
  danger: ["#b3261e", "#ff9e95"],
  success: ["#136c3a", "#6fdc9c"],
};
export const RADIUS = 10;
export const GAP = 12;

/** @type {Record<string, Theme>} */
export const PRESETS = {
  Partway: { colours: {} },
  Ink: { colours: { accent: ["#1d232b", "#e6e9ed"], zone: ["#f5f5f4", "#202327"], success: ["#1d232b", "#e6e9ed"] }, radius: 2, gap: 10 },
  Plum: { colours: { accent: ["#7a2f8f", "#dba4ee"], zone: ["#f8f3fa", "#262029"] }, radius: 16, gap: 14 },
  Signal: { colours: { accent: ["#1f4fd8", "#9db7ff"], zone: ["#f1f4fd", "#1c2230"] }, radius: 6, gap: 12 },
};

/** @param {Theme} theme @returns {string} */
export function cssOf({ colours, radius, gap, font, scheme }) {
  const lines = Object.entries(colours).map(([name, pair]) => `--partway-${name}: ${colour(pair)}`);
  const { accent } = colours;
  if (accent) lines.splice(1, 0, `--partway-on-accent: ${colour([readableOn(accent[0]), readableOn(accent[1])])}`);
  if (radius !== undefined) lines.push(`--partway-radius: ${radius}px`);
  if (gap !== undefined) lines.push(`--partway-gap: ${gap}px`);
  if (font) lines.push(`--partway-font: ${font}`);
  if (scheme) lines.push(`color-scheme: ${scheme}`);
  if (lines.length === 0) return "/* The elements as they are: change something. */";
  return `partway-uploader, partway-bucket {\n${lines.map((line) => `  ${line};\n`).join("")}}`;
}

/** @param {Pair} pair */
const colour = ([light, dark]) => (light === dark ? light : `light-dark(${light}, ${dark})`);

/**
 * @param {string} hex Six digits.
 * @returns {string} Of white and almost black, the one that is easier to read on it.
 */
function readableOn(hex) {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  // Where the contrast with white and with #111 is the same.
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.196 ? "#111" : "#fff";
}
