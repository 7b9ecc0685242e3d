// Sessions of the real gateway, reached through the recording proxy of xtask, which is another origin.

import { openBucket } from "/pkg/partway.js";

const query = new URLSearchParams(location.search);
export const proxy = query.get("proxy");
export const gateway = query.get("gateway");
export const elsewhere = query.get("elsewhere");
export const engine = query.get("browser");
export const MIB = 1024 * 1024;

let scenarios = 0;

/** A new session, behind a proxy scenario of its own with these rules. */
export async function scenario(rules = [], sessionRules = {}) {
  const name = `s${Date.now().toString(36)}${++scenarios}`;
  const call = async (path, method, body) => {
    const answer = await fetch(`${proxy}${path}`, { method, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the proxy refuses: ${await answer.text()}`);
    return answer;
  };
  await call(`/scenario/${name}`, "POST", rules);
  const answer = await fetch(`${gateway}/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ rules: sessionRules }),
  });
  const session = await answer.json();
  const endpoint = `${proxy}/${name}/v1`;
  return {
    endpoint,
    session,
    token: session.credentials.token,
    sessionId: session.sessionId,
    /** Changes the rules. */
    rules: (rules) => call(`/scenario/${name}`, "POST", rules),
    /** The requests that came, preflights apart. */
    log: async () => (await (await call(`/log/${name}`, "GET")).json()).filter((entry) => entry.method !== "OPTIONS"),
    /** Opens the bucket through the proxy; quick retries unless told otherwise. */
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

/** `METHOD path` of each logged request, without the scenario. */
export const calls = (log) => log.map(({ method, path }) => `${method} ${path.replace(/^(\/[^/]+)?\/v1/, "")}`);

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
