// Sessions of the real gateway, which is another origin, each under a scenario of its fault layer.

import { openBucket } from "/pkg/partway.js";

const query = new URLSearchParams(location.search);
export const gateway = query.get("gateway");
export const elsewhere = query.get("elsewhere");
export const engine = query.get("browser");
export const MIB = 1024 * 1024;
/** What whoever sets the faults of a gateway must send, by its origin. No server sees this part of the address. */
const words = new URLSearchParams(location.hash.slice(1));

let scenarios = 0;

/** A new session of the gateway at `origin`, under a scenario of its own with these rules. */
export async function scenario(rules = [], sessionRules = {}, origin = gateway) {
  const name = `s${Date.now().toString(36)}-${++scenarios}`;
  const call = async (path, init) => {
    const answer = await fetch(`${origin}${path}`, init);
    if (!answer.ok) throw new Error(`the gateway refuses: ${await answer.text()}`);
    return answer;
  };
  const headers = { "Fault-Word": words.get(origin) };
  const setRules = (rules) => call(`/faults/${name}`, { method: "PUT", headers, body: JSON.stringify(rules) });
  await setRules(rules);
  const post = async (path, body) =>
    (await call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();
  const session = await post("/v1/session", { rules: sessionRules });
  const endpoint = `${origin}/${name}/v1`;
  return {
    endpoint,
    session,
    token: session.credentials.token,
    sessionId: session.sessionId,
    /** Another token of the session. */
    join: async () => (await post("/v1/session/join", { sessionId: session.sessionId })).credentials.token,
    /** Changes the rules; the log begins anew. */
    rules: setRules,
    /** The requests that came, preflights apart unless they are asked for. */
    log: async (preflights = false) =>
      (await (await call(`/faults/${name}`, { headers })).json()).log.filter(({ method }) => preflights || method !== "OPTIONS"),
    /** Opens the bucket through the scenario; quick retries unless told otherwise. */
    open: (options = {}) =>
      openBucket({
        endpoint,
        token: session.credentials.token,
        sessionId: session.sessionId,
        retry: { attempts: 5, baseDelay: 20, maxDelay: 200 },
        ...options,
      }),
  };
}

/** `METHOD path` of each logged request, without the version. */
export const calls = (log) => log.map(({ method, path }) => `${method} ${path.replace(/^\/v1/, "")}`);

// What browsers add by themselves, whoever asks.
const BROWSERS = /^(host|connection|user-agent|accept|accept-encoding|accept-language|origin|referer|sec-.*|content-length|cache-control|pragma|priority|te|dnt|upgrade-insecure-requests)$/;
const DOCUMENTED = ["authorization", "content-type", "partnumber", "key", "uploadid", "x-api-key"];

/** The documented headers that a logged request has, and those it should not have. */
export function ownHeaders({ headers }) {
  const own = Object.keys(headers).filter((name) => !BROWSERS.test(name));
  const isKnown = (name) => DOCUMENTED.includes(name);
  return { known: own.filter(isKnown), unknown: own.filter((name) => !isKnown(name)) };
}

/** Bytes that differ everywhere, from a seed (xorshift). */
export function bytes(length, seed = 1) {
  const words = new Uint32Array(Math.ceil(length / 4));
  let x = seed | 1;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** A File of such bytes. */
export const file = (length, name = "file.bin", type = "application/x-test") =>
  new File([bytes(length, length + 7)], name, { type, lastModified: 1_700_000_000_000 });

/** SHA-256 of a Blob, in hex. */
export async function sha256(blob) {
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
