/** The bucket of a session: opened when the first file comes, and another one when that session is over. */

import { openBucket } from "../partway.js";
import { own } from "./own.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("../partway.d.ts").BucketOptions} BucketOptions */
/** @typedef {import("../element.d.ts").Session} Session */
/** @typedef {(() => Session | Promise<Session>) | null} GetSession */

/** @param {string} message What the page left out. */
const invalid = (message) =>
  Object.assign(new Error(message), { name: "PartwayError", code: "invalid-option", retryable: false });

/** Owns the bucket it has opened; one that was given belongs to the page. */
export class SessionBucket {
  /** @type {Promise<Bucket> | null} */
  #opening = null;
  /** @type {Bucket | null} */
  #own = null;
  /** Asked for when the token was refused, and no use there: it is of another session. @type {Session | null} */
  #next = null;
  /** @type {Bucket | null} */
  current = null;
  /** @type {GetSession} */
  getSession = null;
  /** @type {Partial<BucketOptions>} What the session does not say. */
  options = {};

  /** @param {(bucket: Bucket | null) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /** @param {Bucket | null} bucket Made elsewhere. */
  give(bucket) {
    if (bucket === this.current) return;
    const before = this.#own;
    this.#own = null;
    this.#opening = bucket && Promise.resolve(bucket);
    this.#set(bucket);
    before?.close();
  }

  /** The bucket; opens it once. @returns {Promise<Bucket>} */
  connect() {
    if (this.#opening) return this.#opening;
    /** @type {Promise<Bucket>} */
    const opening = this.#ask().then((session) => {
      // The page may have given one meanwhile.
      const given = this.#opening !== opening && this.#opening;
      return given || this.open(session);
    });
    // So that the next file asks again.
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = null;
    });
    return (this.#opening = opening);
  }

  /** Opens a session's bucket in place of the one before. @param {Session} session @returns {Promise<Bucket>} */
  async open(session) {
    const token = session && own(session, "token");
    if (typeof token !== "string" && typeof token !== "function") {
      throw invalid("getSession must give an object with a token.");
    }
    const given = Object.entries(session).filter(([, value]) => value !== undefined);
    const options = { ...this.options, ...Object.fromEntries(given), token: this.#token(session, token) };
    const bucket = await openBucket(/** @type {BucketOptions} */ (options));
    const before = this.#own;
    this.#own = bucket;
    this.#opening = Promise.resolve(bucket);
    this.#set(bucket);
    before?.close();
    return bucket;
  }

  /** The page's next session. @returns {Promise<Session | null>} `null` where it gives none. */
  async next() {
    const session = this.#next ?? (await this.getSession?.()) ?? null;
    this.#next = null;
    return session;
  }

  /** Has no bucket any more; closes it if it was opened here. */
  close() {
    this.give(null);
  }

  /** @param {Bucket | null} bucket */
  #set(bucket) {
    if (bucket === this.current) return;
    this.current = bucket;
    this.onChange(bucket);
  }

  async #ask() {
    if (this.getSession) return this.getSession();
    throw invalid("The uploader has neither getSession nor a bucket.");
  }

  /**
   * A token that is text is asked for anew, with its session, when the service refuses it.
   * @param {Session} session
   * @param {Session["token"]} token Its own.
   * @returns {BucketOptions["token"]}
   */
  #token(session, token) {
    let given = false;
    if (typeof token !== "string") return token;
    return async () => {
      if (given && this.getSession) {
        const next = await this.getSession();
        const another = /** @type {const} */ (["sessionId", "endpoint"]).some(
          (key) => String(own(next, key)) !== String(own(session, key)),
        );
        const renewed = own(next, "token");
        if (another) this.#next = next;
        else if (typeof renewed === "function") return renewed();
        else token = /** @type {string} */ (renewed);
      }
      given = true;
      return /** @type {string} */ (token);
    };
  }
}
