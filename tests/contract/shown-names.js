// Hostile names: how they are shown and what they are saved as. The tables are tests/vectors/shown-names.json and
// saved-names.json, written by hand; what holds for any name is tried with names of pieces that matter.

import { displayName, safeDownloadName } from "/pkg/partway.js";
import { ok, same, test } from "./test.js";

const table = async (name) => (await fetch(`/vectors/${name}.json`)).json();

test("hostile names are shown as the table says", async () => {
  const rows = await table("shown-names");
  ok(rows.length >= 60, `${rows.length} rows`);
  for (const { title, name, stem, extension } of rows) {
    same(displayName(name), { stem, extension }, title);
    checkShown(name);
  }
});

test("hostile names are saved as the table says", async () => {
  const rows = await table("saved-names");
  ok(rows.length >= 65, `${rows.length} rows`);
  for (const { title, name, saved } of rows) {
    same(safeDownloadName(name), saved, title);
    checkSaved(name);
  }
});

test("any name is shown without anything hidden, and saved safely", () => {
  const random = numbers(42);
  for (let count = 0; count < 1_000; count++) {
    const name = anyName(random);
    checkShown(name);
    checkSaved(name);
  }
});

test("a saved name keeps the extension", () => {
  const random = numbers(43);
  const some = (letters, most) => Array.from({ length: 1 + random(most) }, () => letters[random(letters.length)]).join("");
  for (let count = 0; count < 500; count++) {
    const [stem, extension] = [some([..."abcz\u65E5\u{1F980}"], 300), `.${some([..."abz019\u00FC"], 15)}`];
    const saved = safeDownloadName(stem + extension);
    ok(saved.endsWith(extension), `${escaped(stem + extension)} became ${escaped(saved)}`);
    ok(stem.startsWith(saved.slice(0, -extension.length).replace(/^_+/, "")), `${escaped(saved)} is another name`);
    same(displayName(saved).extension, extension);
  }
});

test("what is no text is no name", () => {
  for (const wrong of [null, undefined, 5]) {
    for (const made of [displayName, safeDownloadName]) {
      let error;
      try { made(wrong); } catch (thrown) { error = thrown; }
      ok(error instanceof TypeError && error.message.includes(made.name), `${made.name} of ${wrong}: ${error}`);
    }
  }
});

// Written from the promise, not from the code.

const UNSEEN = /[\p{Cc}\p{Cs}\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069\u{E0000}-\u{E007F}]/u;
const DEVICE = /^(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9\u00B9\u00B2\u00B3])$/;

function checkShown(name) {
  const { stem, extension } = displayName(name);
  const all = stem + extension;
  const said = `${escaped(name)} is shown as ${escaped(all)}`;
  ok(!UNSEEN.test(all), said);
  ok(joinersAreNeeded(all), `${said}: a joiner joins nothing`);
  ok(extension === "" || (extension.startsWith(".") && [...extension].length <= 16), `${said}: ${escaped(extension)}`);
  // Shown again it stays as it is, and what was visible is all there.
  same(displayName(all), { stem, extension }, said);
  const visible = (text) => text.replace(/[^!-~]/g, "").length;
  ok(visible(all) >= visible(name), `${said}: something is gone`);
}

function checkSaved(name) {
  const saved = safeDownloadName(name);
  const said = `${escaped(name)} is saved as ${escaped(saved)}`;
  const length = new TextEncoder().encode(saved).length;
  ok(length >= 1 && length <= 240, `${said}: ${length} bytes`);
  same(safeDownloadName(saved), saved, `${said}: saved again`);
  ok(!/[\p{Cc}\p{Cs}<>:"/\\|?*]/u.test(saved), said);
  ok(!saved.startsWith(".") && !/[. ]$/.test(saved) && saved === saved.trim(), said);
  const { stem, extension } = displayName(saved);
  same(stem + extension, saved, `${said}, which hides something`);
  ok(!DEVICE.test(saved.split(/[. ]/)[0].toUpperCase()), `${said}, a device`);
}

/** A joiner stays between two letters or emoji that are put together with it, or behind a virama, and nowhere else. */
function joinersAreNeeded(name) {
  const joined = /[\u0600-\u109F\u1780-\u18AF\u2190-\u2BFF\uFB50-\uFDCF\u{1F000}-\u{1FAFF}]/u;
  const joinedBefore = /[\u0600-\u109F\u1780-\u18AF\u2190-\u2BFF\uFB50-\uFDCF\u{1F000}-\u{1FAFF}\uFE00-\uFE0F]/u;
  const viramas = "\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA";
  const characters = [...name];
  return characters.every((character, at) => {
    if (character !== "\u200C" && character !== "\u200D") return true;
    const [before, after] = [characters[at - 1] ?? "", characters[at + 1] ?? ""];
    return (before !== "" && viramas.includes(before)) || (joinedBefore.test(before) && joined.test(after));
  });
}

// Names of pieces that matter, in any order, the same ones in each run.

const PIECES = [
  ".", "..", " ", "/", "\\", ":", "*", "con", "NUL", "com1", "lpt\u00B2", "\u202E", "\u200D", "\uFE0F", "\u3000", "\u0645",
  "\u0D4D", "1", "\u20E3", "\u{1F469}", "\u200C", "\u00A0", "\0", "\n", "\uFFFD", "\u2764", "\u{E0041}", ".exe", ".tar.gz",
  "_", "\u0085", "\uFEFF", "\uFE00", "\uD800", "\uDC00",
];

function anyName(random) {
  return Array.from({ length: random(12) }, () => anyPiece(random)).join("");
}

function anyPiece(random) {
  const kind = random(9);
  if (kind < 4) return Array.from({ length: 1 + random(6) }, () => "abcdefghijklmnopqrstuvwxyz."[random(27)]).join("");
  if (kind < 6) return PIECES[random(PIECES.length)];
  if (kind === 6) return "n".repeat(200 + random(61));
  // Most of Unicode is beyond the first plane, and most of what matters in it.
  const character = String.fromCodePoint(random(2) === 0 ? random(0x10000) : random(0x110000));
  return kind === 7 ? character : character.repeat(1 + random(299));
}

/** A function that gives whole numbers from 0 to below its argument (xorshift). */
function numbers(seed) {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** What a failure may say of a name. */
function escaped(text) {
  return [...text].map((c) => (/[!-~ ]/.test(c) ? c : `\\u{${c.codePointAt(0).toString(16)}}`)).join("");
}
