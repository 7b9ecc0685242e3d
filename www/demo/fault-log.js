/** The last requests as the gateway saw them: what came, what it answered, and which fault it was told to make. */

import { element } from "./element.js";

/** @typedef {import("./fault-layer.js").LogEntry} LogEntry */

const LINES = 8;
/** Longer pieces of a path are IDs: enough of each to tell them apart. */
const LONGEST = 8;
/** Faults under which a request without an answer may yet get one. */
const SLOW = /throttle|delay/i;

/** The table of the last requests. */
export class FaultLog {
  /** @param {HTMLElement} body The table's body. */
  constructor(body) {
    this.body = body;
    this.shown = "";
  }

  /** @param {LogEntry[]} log The newest last. */
  draw(log) {
    const last = log.slice(-LINES);
    const look = JSON.stringify(last.map(({ at, status, fault }) => [at, status, fault]));
    if (look === this.shown) return;
    this.shown = look;
    const none = () => element("tr", {}, element("td", { colspan: 5, class: "none" }, "No request since."));
    this.body.replaceChildren(...(last.length ? last.map(line) : [none()]));
  }
}

/** @param {LogEntry} entry */
function line({ at, method, path, status, fault, partNumber }) {
  const outcome = outcomeOf(status, fault);
  return element("tr", { "data-outcome": outcome.kind },
    element("td", { class: "at" }, `${(at / 1000).toFixed(1)} s`),
    element("td", { class: "path" }, element("span", { class: "method" }, method), ` ${short(path)}`),
    element("td", {}, partNumber ? String(partNumber) : ""),
    element("td", { class: "outcome" }, outcome.words),
    element("td", { class: "fault" }, fault ?? ""));
}

/**
 * @param {number | null | undefined} status
 * @param {string | null | undefined} fault
 */
function outcomeOf(status, fault) {
  if (typeof status === "number") return { kind: status < 400 ? "ok" : "bad", words: String(status) };
  if (!fault || SLOW.test(fault)) return { kind: "open", words: "under way" };
  return { kind: "bad", words: /hang/i.test(fault) ? "no answer" : "dropped" };
}

/** @param {string} path */
function short(path) {
  const [plain = ""] = path.split("?");
  return plain.split("/").map((piece) => (piece.length > LONGEST ? `${piece.slice(0, LONGEST)}…` : piece)).join("/");
}
