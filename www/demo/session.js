/**
 * A session on the gateway this page came from. Its token lives in memory only: no storage, no cookie, no URL. Where
 * its ID may stand is told in address.js.
 */

/**
 * @typedef {object} Session
 * @property {string} id Key material of the file names.
 * @property {string} token Bearer token of the Upload API.
 * @property {number | null} endsAt Milliseconds since 1970; `null` where the gateway does not say.
 * @property {boolean} joined Whether it was opened by someone else.
 */

/** @typedef {{ maxFiles?: number, maxTotalMegaBytes?: number, expiryDurationInSeconds?: number }} NewSessionRules */

/** Base URL of the API. */
export const endpoint = new URL("/v1", location.href);

/** A refusal or an unreachable gateway, with a sentence for a person. */
export class SessionError extends Error {
  /**
   * @param {string} message
   * @param {boolean} [gone] Whether there is no such session, so that asking again is no use.
   */
  constructor(message, gone = false) {
    super(message);
    this.name = "SessionError";
    this.gone = gone;
  }
}

/**
 * @param {NewSessionRules} [rules] The gateway's defaults apply to what is left out.
 * @returns {Promise<Session>} Rejects with a SessionError.
 */
export const openSession = (rules = {}) => ask("session", { rules }, false);

/**
 * @param {string} id
 * @returns {Promise<Session>} Rejects with a SessionError.
 */
export const joinSession = (id) => ask("session/join", { sessionId: id }, true);

/**
 * The token for the library, which asks for one at first and again whenever the gateway has refused the last.
 * @param {Session} session
 * @param {() => void} onGone Called when there is no such session any more, so that no other token can be had.
 * @returns {() => Promise<string>}
 */
export function tokenOf(session, onGone) {
  let given = false;
  return async () => {
    if (given) {
      try {
        session.token = (await joinSession(session.id)).token;
      } catch (error) {
        if (error instanceof SessionError && error.gone) onGone();
        throw error;
      }
    }
    given = true;
    return session.token;
  };
}

/**
 * @param {string} path
 * @param {object} body
 * @param {boolean} joined
 * @returns {Promise<Session>}
 */
async function ask(path, body, joined) {
  let response;
  try {
    response = await fetch(`${endpoint.href}/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
  } catch {
    throw new SessionError("The gateway does not answer. Is it running?");
  }
  if (!response.ok) throw new SessionError(refusal(response.status, joined), joined && [400, 404, 410, 422].includes(response.status));
  const session = read(await response.json().catch(() => null), joined);
  if (!session) throw new SessionError("This server is no Partway gateway: its answer is not a session.");
  return session;
}

/**
 * @param {any} answer
 * @param {boolean} joined
 * @returns {Session | null}
 */
function read(answer, joined) {
  const id = answer?.sessionId;
  const token = answer?.credentials?.token;
  if (typeof id !== "string" || typeof token !== "string" || !id || !token) return null;
  const seconds = answer.expiresIn;
  const endsAt = typeof seconds === "number" && seconds > 0 ? Date.now() + seconds * 1000 : null;
  return { id, token, endsAt, joined };
}

/**
 * @param {number} status
 * @param {boolean} joined
 */
function refusal(status, joined) {
  if (status === 404 || status === 405) {
    return joined ? "There is no such session any more. Ask for a new link, or open a session of your own."
      : "This server is no Partway gateway: it opens no sessions.";
  }
  if (joined && (status === 401 || status === 403)) return "The session does not let you in: it is full or asks for a password.";
  if (joined && status === 409) return "The session is full.";
  if (joined && status === 410) return "The session has ended.";
  if (status === 400 || status === 422) return joined ? "The link's session ID is not valid." : "The gateway does not accept these rules.";
  if (status === 429) return "Too many sessions were opened. Try again in a minute.";
  return `The gateway could not open the session (status ${status}).`;
}
