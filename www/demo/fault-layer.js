/**
 * The gateway's fault layer, for the API as this page uses it. A gateway built for release has none; one that has it
 * listens to who knows its word.
 */

import { faultWord } from "./fault-word.js";

const base = new URL("/faults", location.href).href;
/** The scenario of `/v1/…` itself. */
const SCENARIO = `${base}/default`;

/**
 * @typedef {object} LogEntry
 * @property {number} at Milliseconds since the rules were set.
 * @property {string} method
 * @property {string} path
 * @property {number | null} [status] `null` where no answer was given, or not yet.
 * @property {string | null} [fault]
 * @property {number | null} [partNumber]
 */

/** The gateway understood, and refused. */
export class FaultRefused extends Error {}

/** @returns {Promise<boolean>} Whether there is a fault layer that listens to this page. */
export async function hasFaults() {
  if (!faultWord) return false;
  try {
    const response = await ask(base);
    return response.ok && Array.isArray((await response.json()).scenarios);
  } catch {
    return false;
  }
}

/**
 * Puts these rules in place of those before; the log begins anew.
 * @param {object[]} rules None heals everything.
 * @returns {Promise<void>} Rejects with a FaultRefused, or with the browser's error while the gateway does not answer.
 */
export async function setFaults(rules) {
  const response = await ask(SCENARIO, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(rules),
  });
  if (!response.ok) throw new FaultRefused(`The gateway does not take this fault (status ${response.status}).`);
}

/** @returns {Promise<{ rules: number, log: LogEntry[] }>} Rejects while the gateway does not answer. */
export async function readFaults() {
  const response = await ask(SCENARIO);
  // Nothing was ever set: nothing is wrong.
  if (response.status === 404) return { rules: 0, log: [] };
  if (!response.ok) throw new FaultRefused(`The gateway does not show its faults (status ${response.status}).`);
  const { rules, log } = await response.json();
  return { rules: Number(rules) || 0, log: Array.isArray(log) ? log : [] };
}

/**
 * @param {string} url
 * @param {RequestInit} [init]
 */
const ask = (url, init) =>
  fetch(url, {
    ...init,
    headers: { ...init?.headers, "Fault-Word": faultWord ?? "" },
    credentials: "omit",
    cache: "no-store",
    referrerPolicy: "no-referrer",
  });
