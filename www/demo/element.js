/**
 * Builds DOM elements. Children become text or nodes and attributes stay attributes: nothing here parses markup,
 * so a hostile file name can never become more than text.
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes] `true` sets an empty attribute;
 *   `false`, `null` and `undefined` set none.
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/**
 * One of the page's icons (the symbols at the end of index.html). Always decoration: the button around it carries the words.
 * @param {string} name The symbol's id without "icon-".
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = /** @type {SVGSVGElement} */ (document.createElementNS(SVG, "svg"));
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * A button with an icon and, where `text` is given, words beside it.
 * @param {{ action: string, icon?: string, text?: string, label?: string, kind?: string }} parts `label` is what assistive
 *   technology reads in place of `text`; it names the file the button acts on.
 * @returns {HTMLButtonElement}
 */
export function button({ action, icon: symbol, text, label, kind = "quiet" }) {
  const made = element("button", { type: "button", class: `button ${kind}`, "data-action": action, "aria-label": label });
  if (symbol) made.append(icon(symbol));
  if (text) made.append(element("span", {}, text));
  else if (label) made.title = label;
  return made;
}

/**
 * Sets a text only where it differs, so that an unchanged row costs no layout.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
