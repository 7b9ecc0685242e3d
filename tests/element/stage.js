// Where elements stand for one test, and what is looked at in them.

import "/pkg/element/index.js";
import { test as list, until } from "/contract/test.js";
import { engine, scenario } from "/contract/service.js";

export const stage = document.querySelector("main");

/** Adds a test; what it put on the stage is taken away after it. `engines`: where it can be done, else everywhere. */
export function test(name, body, engines = [engine]) {
  if (!engines.includes(engine)) return;
  list(name, async () => {
    try {
      await body();
    } finally {
      for (const element of document.querySelectorAll("partway-uploader")) await element.cancel();
      stage.replaceChildren();
      for (const attribute of ["dir", "style"]) document.documentElement.removeAttribute(attribute);
      document.documentElement.lang = "en";
      scrollTo(0, 0);
    }
  });
}

/** Puts an element there, with attributes and properties, and waits until it speaks. */
export async function put(tag, attributes = {}, properties = {}, into = stage) {
  const element = into.ownerDocument.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  Object.assign(element, properties);
  into.append(element);
  await speaks(element);
  return element;
}

/** Waits until the language of an element is there. */
export async function speaks(element) {
  const buttons = () => [...element.shadowRoot.querySelectorAll("[part~=browse], [data-action=refresh]")];
  await until(() => buttons().some(({ textContent }) => !/^(?:|browse\w+|refresh)$/.test(textContent)), "its texts");
}

/** An uploader to a session of its own. `rules` are faults, `open` options of a bucket that it is given. */
export async function uploader(
  attributes = {},
  { rules = [], sessionRules = {}, open, ...properties } = {},
  into = stage,
) {
  const service = await scenario(rules, sessionRules);
  const session = { endpoint: service.endpoint, token: service.token, sessionId: service.sessionId };
  const way = open ? { bucket: await service.open(open) } : { getSession: () => session };
  const element = await put("partway-uploader", attributes, { ...way, ...properties }, into);
  return { element, service, session };
}

/** What has that part in an element. */
export const part = (element, name) => element.shadowRoot.querySelector(`[part~="${name}"]`);

/** The rows that are in the page. */
export const rows = (element) => [...element.shadowRoot.querySelectorAll("[part~=list] [part~=item]")];

/** The file of that name. */
export const fileOf = (element, name) => element.files.find((file) => file.name === name);

/** The row of the file of that name, once it is drawn. */
export async function row(element, name) {
  let found;
  await until(
    () => (found = element.shadowRoot.querySelector(`[data-id="${fileOf(element, name)?.id}"]`)),
    `the row of ${name}`,
  );
  return found;
}

const isShown = (button) => button.checkVisibility();

/** A button of that file, once it is there. */
export async function button(element, name, action) {
  const inRow = await row(element, name);
  let found;
  await until(
    () => (found = inRow.querySelector(`[data-action="${action}"]`)) && isShown(found),
    `${action} of ${name}`,
  );
  return found;
}

/** Every button of an element that can be seen. */
export const buttons = (element) => [...element.shadowRoot.querySelectorAll("button")].filter(isShown);

/** What has the focus, through shadow trees. */
export function focused(root = document) {
  const { activeElement } = root;
  return activeElement?.shadowRoot?.activeElement ? focused(activeElement.shadowRoot) : activeElement;
}

const EVENTS = ["add", "reject", "start", "progress", "done", "error", "complete", "session-expired"];

/** Every event of an element from now on, as it comes: `{ type, detail, at }`. */
export function heard(element) {
  const all = [];
  for (const type of EVENTS) {
    element.addEventListener(`partway-${type}`, ({ detail }) => all.push({ type, detail, at: performance.now() }));
  }
  return all;
}

/** The types heard, repetitions once. */
export const types = (events) => events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);

/** Waits until so many files are done. */
export const done = (element, count, millis = 60_000) =>
  until(() => element.totals.done === count, `${count} to be done`, millis);

/** Waits until the page has been drawn. */
export const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** A page of this site in a frame, once its script has run. */
export async function frame(address) {
  const made = document.createElement("iframe");
  made.src = address;
  stage.append(made);
  await until(() => made.contentWindow.ready, `the page ${address}`);
  return made;
}
