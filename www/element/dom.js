/**
 * Builds elements. Children become text or nodes and nothing here parses markup, so a file name can never become more
 * than text.
 */

import { bare } from "./own.js";

const SVG = "http://www.w3.org/2000/svg";

/** Icons of 16 by 16, drawn as lines. @type {Record<string, string>} */
const ICONS = bare({
  pause: "M5.5 3v10M10.5 3v10",
  resume: "M5 3l8 5-8 5z",
  cancel: "M4 4l8 8M12 4l-8 8",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  add: "M8 12V3M4 6.5L8 2.5l4 4M2.5 11v2.5h11V11",
  download: "M8 2v9M4 7.5l4 4 4-4M2.5 14h11",
  copy: "M5.5 5.5h8v8h-8zM10.5 5V2.5h-8v8H5",
  delete: "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.7 9h5.6l.7-9",
});

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | boolean | ((event: any) => void)>} [attributes] `true` sets an empty attribute,
 *   `false` none; a
 *   function listens to the event of that name.
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** @param {string} name @returns {SVGSVGElement} Decoration: the button around it carries the words. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name] ?? "");
  svg.append(path);
  return svg;
}

/** A button that is one icon, whose action may change under the focus. */
export class IconButton {
  /** @param {(action: string) => void} act */
  constructor(act) {
    this.action = "";
    this.root = h("button", { type: "button", part: "action", hidden: true, click: () => act(this.action) });
  }

  /**
   * @param {string} action Empty hides the button. Also the name of the icon.
   * @param {string} [title] What the action is called.
   * @param {string} [label] The same with the file's name, for assistive technology.
   */
  show(action, title = "", label = title) {
    this.root.hidden = action === "";
    if (action !== this.action) {
      this.action = action;
      this.root.dataset.action = action;
      this.root.replaceChildren(icon(action === "remove" || action === "keep" ? "cancel" : action));
    }
    if (this.root.ariaLabel === label) return;
    this.root.title = title;
    this.root.ariaLabel = label;
  }
}

/**
 * Sets a text only where it differs, so that an unchanged row costs no layout.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * The nearest value of an attribute, from the element outwards, through shadow trees.
 * @param {Node | null} node
 * @param {string} attribute
 * @returns {string | null}
 */
export function inherited(node, attribute) {
  for (let at = node; at; at = at.parentNode ?? /** @type {ShadowRoot} */ (at).host ?? null) {
    // No `instanceof`: what was made in another frame is of that frame's classes.
    const value = at.nodeType === Node.ELEMENT_NODE ? /** @type {Element} */ (at).getAttribute(attribute) : null;
    if (value !== null) return value;
  }
  return null;
}
