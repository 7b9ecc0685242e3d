/** Edits the look, the language and the direction of the elements while they work, and prints the CSS that keeps it. */

import { element, setText } from "./element.js";
import { highlight } from "./highlight.js";
import { COLOURS, cssOf, GAP, PRESETS, RADIUS } from "./theme.js";
import { fillPreview } from "./theme-preview.js";

/** @typedef {import("./theme.js").Theme} Theme */

const dark = matchMedia("(prefers-color-scheme: dark)");

/**
 * @param {HTMLDetailsElement} root Holds `#theme-form`, `#preview` and what is printed.
 * @param {HTMLElement[]} elements What follows the language, beside the preview. The look is that of all elements of
 *   the page.
 */
export function enableThemeEditor(root, elements) {
  /** @type {<T extends HTMLElement>(selector: string) => T} */
  const find = (selector) => /** @type {any} */ (root.querySelector(selector));
  const form = /** @type {HTMLFormElement} */ (find("#theme-form"));
  const preview = /** @type {import("../element.d.ts").PartwayUploader} */ (find("#preview"));
  const printed = find("#theme-css");
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  /** @type {Theme} */
  let theme = { colours: {} };

  /** @param {string} name */
  const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

  /** Shows in the fields what is chosen, and in the page what comes of it. */
  const show = () => {
    const side = (theme.scheme ?? (dark.matches ? "dark" : "light")) === "dark" ? 1 : 0;
    for (const [name, own] of Object.entries(COLOURS)) field(name).value = (theme.colours[name] ?? own)[side];
    for (const [name, own] of /** @type {const} */ ([["radius", RADIUS], ["gap", GAP]])) {
      field(name).value = String(theme[name] ?? own);
      setText(find(`output[for=theme-${name}]`), `${theme[name] ?? own} px`);
    }
    const css = cssOf(theme);
    sheet.replaceSync(css);
    printed.textContent = css;
    highlight(printed);
  };

  /** @param {string} name @param {string} value */
  const choose = (name, value) => {
    if (name in COLOURS) theme.colours = { ...theme.colours, [name]: [value, value] };
    else if (name === "radius" || name === "gap") theme[name] = Number(value);
    else if (name === "font" || name === "scheme") theme[name] = value;
    else if (name === "lang" || name === "dir") {
      for (const one of [...elements, preview]) {
        if (value) one.setAttribute(name, value);
        else one.removeAttribute(name);
      }
      const lang = field("lang").value;
      const dir = field("dir").value;
      // The panes of the page change places with what is in them.
      /** @type {HTMLElement} */ (document.getElementById("workbench")).dir = dir || (lang === "ar" ? "rtl" : "");
      setText(find("#theme-markup"), `<partway-uploader${lang && ` lang="${lang}"`}${dir && ` dir="${dir}"`}></partway-uploader>`);
      find("#theme-markup").hidden = !lang && !dir;
    }
    show();
  };

  find("#theme-presets").append(...Object.entries(PRESETS).map(([name, preset]) => {
    const made = element("button", { type: "button", class: "button plain", "data-preset": name }, name);
    made.addEventListener("click", () => {
      theme = { font: theme.font, scheme: theme.scheme, ...preset };
      show();
    });
    return made;
  }));
  form.addEventListener("input", (event) => {
    const { name, value } = /** @type {HTMLInputElement} */ (event.target);
    choose(name, value);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => {
    theme = { colours: {} };
    for (const name of ["lang", "dir"]) choose(name, "");
  }));
  dark.addEventListener("change", show);
  root.addEventListener("toggle", () => fillPreview(preview), { once: true });
  show();
}
