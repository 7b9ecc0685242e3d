// How a page makes the elements look: custom properties, parts, light and dark.

import { ok, same, until } from "/contract/test.js";
import { file } from "/contract/service.js";
import { done, drawn, part, row, stage, test, uploader } from "./stage.js";

const COLOUR = "rgb(1, 2, 3)";
/** What each property is for: a part, and the style of it that shows the property. */
const PROPERTIES = {
  "--partway-accent": ["browse", "backgroundColor", COLOUR],
  "--partway-on-accent": ["browse", "color", COLOUR],
  "--partway-zone": ["zone", "backgroundColor", COLOUR],
  "--partway-text": ["name", "color", COLOUR],
  "--partway-muted": ["overall", "color", COLOUR],
  "--partway-danger": ["message", "color", COLOUR],
  "--partway-success": ["meta", "color", COLOUR],
  "--partway-radius": ["zone", "borderTopLeftRadius", "7px"],
  "--partway-gap": ["zone", "rowGap", "7px"],
  "--partway-font": ["prompt", "fontSize", "21px"],
  "--partway-motion": ["zone", "transitionDuration", "0.007s"],
};
const VALUES = {
  "--partway-font": "21px/1.5 monospace",
  "--partway-motion": "7ms",
  "--partway-radius": "7px",
  "--partway-gap": "7px",
};

/** One with a file that is done and one that was refused. */
async function shown() {
  const { element } = await uploader({ multiple: "", accept: ".bin" });
  element.add([file(3, "a.bin"), file(3, "no.txt")]);
  await done(element, 1);
  const [fine, refused] = [await row(element, "a.bin"), await row(element, "no.txt")];
  await until(
    () => refused.querySelector("[part~=message]").textContent !== "" && fine.dataset.state === "done",
    "the rows",
  );
  const find = (name) => (name === "message" ? refused : fine).querySelector(`[part~=${name}]`) ?? part(element, name);
  return { element, style: (name, key) => getComputedStyle(find(name))[key] };
}

test("every custom property shows", async () => {
  const { element, style } = await shown();
  for (const [property, [name, key, expected]] of Object.entries(PROPERTIES)) {
    const before = style(name, key);
    ok(before !== expected, `${property} is ${before} before`);
    element.style.setProperty(property, VALUES[property] ?? COLOUR);
    // Colours may move for a moment.
    await until(
      () => style(name, key).split(", 0.")[0] === expected || style(name, key) === expected,
      `${property} to show in ${name}: ${style(name, key)}`,
      5000,
    );
    element.style.removeProperty(property);
  }
  element.style.setProperty("--partway-surface", COLOUR);
  const all = () => [...element.shadowRoot.querySelectorAll("*")].map((one) => getComputedStyle(one).backgroundColor);
  await until(() => all().includes(COLOUR), "--partway-surface to show");
});

test("light and dark follow `color-scheme`, of the page and of the element", async () => {
  const { element, style } = await shown();
  const light = style("name", "color");
  document.documentElement.style.colorScheme = "dark";
  await until(() => style("name", "color") !== light, "dark");
  element.style.colorScheme = "light";
  await until(() => style("name", "color") === light, "light again");
});

test("a page styles every part, and what a state changes", async () => {
  const { element } = await shown();
  const parts = ["zone", "prompt", "browse", "list", "item", "name", "meta", "message", "action", "overall", "status"];
  for (const name of parts) ok(part(element, name), `there is no part ${name}`);
  const style = new CSSStyleSheet();
  style.replaceSync(`
    ${parts.map((name) => `partway-uploader::part(${name})`).join()} { letter-spacing: 3px }
    partway-uploader:state(error)::part(zone) { outline: 5px solid ${COLOUR} }`);
  document.adoptedStyleSheets.push(style);
  try {
    await drawn();
    same(
      parts.filter((name) => getComputedStyle(part(element, name)).letterSpacing !== "3px"),
      [],
    );
    await until(() => getComputedStyle(part(element, "zone")).outlineWidth === "5px", "the state's style");
  } finally {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== style);
  }
});

test("a page fills the slots", async () => {
  const { element } = await uploader();
  for (const [slot, text] of [
    ["prompt", "Own words"],
    ["icon", "Own icon"],
    ["footer", "Own end"],
  ]) {
    element.append(Object.assign(document.createElement("span"), { slot, textContent: text }));
  }
  await drawn();
  for (const one of element.children)
    ok(one.checkVisibility() && one.getBoundingClientRect().width > 0, one.textContent);
  ok(!stage.innerText.includes("Drop a file here"), "the page's words stand in place of the element's");
});
