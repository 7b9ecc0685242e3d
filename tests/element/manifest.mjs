// custom-elements.json says what the elements' sources, and their types, say: nothing is missing on either side. Reads
// the built package: cargo xtask build && node --test tests/element/manifest.mjs

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

const pkg = new URL("../../pkg/", import.meta.url);
const read = (path) => readFile(new URL(path, pkg), "utf8");

const manifest = JSON.parse(await read("custom-elements.json"));
const types = await read("element.d.ts");
const elements = await import(new URL("element/index.js", pkg));
const declarations = manifest.modules.flatMap((module) => module.declarations);

const all = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);
const unique = (names) => [...new Set(names)].sort();
const names = (entries) => entries.map(({ name }) => name).sort();

/** The text of a module and of all that it imports from its own folder. */
async function sources(name, seen = new Map()) {
  if (!seen.has(name)) {
    seen.set(name, "");
    const text = await read(`element/${name}`);
    seen.set(name, text);
    for (const other of all(text, /^import [^;]*"\.\/([\w-]+\.js)";/gm)) await sources(other, seen);
  }
  return seen;
}

/** The words in backticks after `title` in the comment above the uploader's class. */
function listed(title) {
  const comment = types.slice(0, types.indexOf("export class PartwayUploader")).replace(/\n \*/g, "");
  const sentence = comment.slice(comment.lastIndexOf(title)).match(/: `([^`]*)`/);
  assert.ok(sentence, `element.d.ts lists no ${title}`);
  return sentence[1].split(/\s+/).sort();
}

/** Names of what the body of a class declares. */
function declared(name) {
  const body = types.slice(types.indexOf(`export class ${name} `)).split("\n}\n")[0];
  const members = unique(all(body, /^ {2}(?:readonly )?(\w+)(?:<[^>]*>)?[(:]/gm));
  return members.filter((member) => member !== "addEventListener");
}

test("it declares both elements, each once", () => {
  assert.deepEqual(names(declarations), ["PartwayBucket", "PartwayUploader"]);
  for (const { tagName, name } of declarations) assert.match(types, new RegExp(`"${tagName}": ${name};`));
});

for (const declaration of declarations) {
  const { name, tagName } = declaration;
  const modules = await sources(`${tagName.replace("partway-", "")}.js`);
  const code = [...modules.values()].join("\n");

  test(`${tagName}: attributes`, () => {
    assert.deepEqual(names(declaration.attributes), unique(elements[name].observedAttributes));
  });

  test(`${tagName}: members, each of them there`, () => {
    assert.deepEqual(names(declaration.members), declared(name));
    for (const { name: member, kind } of declaration.members) {
      const isField = new RegExp(`^  ${member}( =|;)`, "m").test(code);
      assert.ok(isField || member in elements[name].prototype, `${member} is not in the source`);
      if (kind === "method") assert.equal(typeof elements[name].prototype[member], "function", member);
    }
  });

  test(`${tagName}: attributes are mirrored by the members that say so`, () => {
    // `lang` and `dir` are every element's.
    const attributes = declaration.attributes.filter(({ name: attribute }) => !["lang", "dir"].includes(attribute));
    const mirrored = declaration.members.filter(({ attribute }) => attribute);
    assert.deepEqual(
      mirrored.map(({ attribute, name: member }) => [attribute, member]),
      attributes.map(({ name: attribute, fieldName }) => [attribute, fieldName]),
    );
  });

  test(`${tagName}: parts`, () => {
    const made = all(code, /\bpart: "([\w -]+)"/g).flatMap((part) => part.split(" "));
    assert.deepEqual(names(declaration.cssParts), unique(made));
    const known = names(declarations.flatMap(({ cssParts }) => cssParts));
    for (const part of all(code, /\[part=([\w-]+)\]/g)) assert.ok(known.includes(part), `the style has a part ${part}`);
  });

  test(`${tagName}: custom properties`, () => {
    assert.deepEqual(names(declaration.cssProperties), unique(all(code, /(--partway-[\w-]+)/g)));
  });

  test(`${tagName}: slots`, () => {
    const made = all(code, /h\("slot"(?:, (\{.*?\}))?/g);
    const named = made.map((options) => options?.match(/\bname: "([\w-]+)"/)?.[1] ?? "");
    assert.deepEqual(names(declaration.slots), unique(named));
  });
}

const [uploader] = declarations.filter(({ name }) => name === "PartwayUploader");
const code = [...(await sources("uploader.js")).values()].join("\n");

test("partway-uploader: parts, states and custom properties are those of the types", () => {
  assert.deepEqual(names(uploader.cssParts), listed("Parts"));
  assert.deepEqual(names(uploader.cssStates), listed("States"));
  assert.deepEqual(names(uploader.cssProperties), listed("Custom properties"));
});

test("partway-uploader: events", () => {
  const map = types.match(/export interface PartwayEventMap \{(.*?)\n\}/s)[1];
  const events = names(uploader.events).filter((name) => name.startsWith("partway-"));
  assert.deepEqual(events, unique(all(map, /"(partway-[\w-]+)"/g)));
  const told = code.match(/const TOLD = \[([^\]]*)\]/);
  assert.ok(told, "uploader.js has no list TOLD of the events it tells");
  assert.deepEqual(events, unique(all(told[1], /"([\w-]+)"/g).map((type) => `partway-${type}`)));
});

test("partway-uploader: states are set in the source, and the style knows no other", () => {
  const states = names(uploader.cssStates);
  for (const state of states) assert.match(code, new RegExp(`\\b${state}\\b\\s*(:|,|")`), state);
  for (const state of all(code, /:state\(([\w-]+)\)/g)) assert.ok(states.includes(state), `the style has ${state}`);
});
