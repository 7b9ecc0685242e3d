// Input as a person gives it: clicks, keys and the wheel over WebDriver, files picked and dropped.

import { ask, devtools } from "./driver.js";
import { engine } from "/contract/service.js";

const KEYS = {
  Tab: "\uE004",
  Enter: "\uE006",
  Shift: "\uE008",
  Escape: "\uE00C",
  End: "\uE010",
  Home: "\uE011",
  Left: "\uE012",
  Up: "\uE013",
  Right: "\uE014",
  Down: "\uE015",
  Space: " ",
};

/** The middle of an element in the window's coordinates, frames counted in; brings it into sight. */
export function middle(element) {
  element.scrollIntoView({ block: "nearest", inline: "nearest" });
  const { left, top, width, height } = element.getBoundingClientRect();
  let [x, y] = [left + width / 2, top + height / 2];
  for (let view = element.ownerDocument.defaultView; view.frameElement; view = view.parent) {
    const frame = view.frameElement.getBoundingClientRect();
    [x, y] = [x + frame.left + view.frameElement.clientLeft, y + frame.top + view.frameElement.clientTop];
  }
  return { x: Math.floor(x), y: Math.floor(y) };
}

const perform = (...actions) => ask({ path: "/actions", body: { actions } });

/** The same, once it stands still: what is drawn above it may still push it down. */
async function still(element) {
  for (let [before, now] = [null, middle(element)]; ; [before, now] = [now, middle(element)]) {
    if (before && before.x === now.x && before.y === now.y) return now;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

/** Presses the mouse's first button on it. */
export async function click(element) {
  const move = { type: "pointerMove", duration: 0, origin: "viewport", ...(await still(element)) };
  const actions = [move, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }];
  return perform({ type: "pointer", id: "mouse", parameters: { pointerType: "mouse" }, actions });
}

/** Presses keys one after the other, such as "Tab" or "Shift+Tab". */
export function key(...names) {
  const press = (name) => {
    const keys = name.split("+").map((one) => KEYS[one] ?? one);
    const down = keys.map((value) => ({ type: "keyDown", value }));
    return [...down, ...keys.reverse().map((value) => ({ type: "keyUp", value }))];
  };
  return perform({ type: "key", id: "keyboard", actions: names.flatMap(press) });
}

/** Types a text. */
export const type = (text) => key(...text);

let turned = 0;

/** Turns the wheel over an element, by so many pixels. */
export function wheel(element, pixels) {
  turned += pixels;
  // WebKit's driver turns by the difference to the last turn.
  const deltaY = engine === "webkit" ? turned : pixels;
  const turn = { type: "scroll", origin: "viewport", duration: 0, deltaX: 0, deltaY, ...middle(element) };
  return perform({ type: "wheel", id: "wheel", actions: [turn] });
}

/** Makes files below a new folder, from `[path, bytes]`; gives the folder. */
export const makeFiles = (files) => ask({ files });

/** Picks files, by their places on the disk, in an `<input type=file>`. */
export async function pick(input, paths) {
  window.driver.target = input;
  await ask({ pick: paths });
  window.driver.target = null;
}

/** Moves files and folders of the disk over an element, and drops them: as the system would. Chromium only. */
export async function dropFromDisk(element, files) {
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const step of ["dragEnter", "dragOver", "drop"]) {
    await devtools("Input.dispatchDragEvent", { type: step, data, ...middle(element) });
  }
}

/** A drag event with these files, or with a text where there are none. */
export function dragEvent(name, files, text) {
  const dataTransfer = new DataTransfer();
  for (const file of files) dataTransfer.items.add(file);
  if (text) dataTransfer.setData("text/plain", text);
  return new DragEvent(name, { bubbles: true, composed: true, cancelable: true, dataTransfer });
}

/** Drops files as events of the page's own making: what all engines can do. */
export function drop(element, files) {
  for (const name of ["dragenter", "dragover", "drop"]) element.dispatchEvent(dragEvent(name, files));
}

/** Drops what `entries` stand for: objects that look like FileSystemEntry, which no page can make. */
export function dropEntries(element, entries) {
  const items = entries.map((entry) => ({
    kind: "file",
    type: "",
    getAsFile: () => entry.ownFile ?? null,
    webkitGetAsEntry: () => entry,
  }));
  const event = new DragEvent("drop", { bubbles: true, composed: true, cancelable: true });
  Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], items, files: [], dropEffect: "none" } });
  element.dispatchEvent(event);
}

/** Pastes files, or a text; says whether the page let the browser go on. */
export function paste(element, files, text) {
  const clipboardData = new DataTransfer();
  for (const file of files) clipboardData.items.add(file);
  if (text) clipboardData.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { bubbles: true, composed: true, cancelable: true });
  // Firefox drops files that are given to the constructor.
  Object.defineProperty(event, "clipboardData", { value: clipboardData });
  return element.dispatchEvent(event);
}

/** Chromium shows the page as if the system had these preferences; without any, as it is. */
export async function prefer(features) {
  const list = Object.entries(features).map(([name, value]) => ({ name, value }));
  await devtools("Emulation.setEmulatedMedia", { features: list });
}

export const isChromium = engine === "chromium";
