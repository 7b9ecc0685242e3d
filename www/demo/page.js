/** Puts the page together: a session, its bucket, and the two elements that show it. */

import "../pkg/element/index.js";
import { openBucket } from "../pkg/partway.js";
import { keep, kept, takeFromAddress } from "./address.js";
import { sentenceOf } from "./failure.js";
import { showFaults } from "./fault-panel.js";
import { hideNotice, showNotice } from "./notice.js";
import { PartsView } from "./parts-view.js";
import { enableSchemeForm } from "./scheme-form.js";
import { SessionPanel } from "./session-panel.js";
import { endpoint, joinSession, openSession, SessionError, tokenOf } from "./session.js";
import { enableThemeEditor } from "./theme-editor.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("../element.d.ts").PartwayUploader} PartwayUploader */
/** @typedef {import("../element.d.ts").PartwayBucket} PartwayBucket */

/** @param {string} selector */
const find = (selector) => /** @type {any} */ (document.querySelector(selector));

const page = document.documentElement;
/** @type {PartwayUploader} */
const uploader = find("#uploader");
/** @type {PartwayBucket} */
const list = find("#bucket");
const parts = new PartsView(find("#parts"), uploader);
const panel = new SessionPanel((rules) => begin(() => openSession(rules)));

/** What helps where a session is gone. */
const ANEW = { text: "Open a new session", act: () => void begin(() => openSession()) };
/** @type {Bucket | null} */
let bucket = null;
/** @type {string | null} The ID of the session the page is in. */
let current = null;
/** Sessions that are being opened. */
let opening = 0;

uploader.store.addEventListener("change", () => {
  find("#workbench").toggleAttribute("data-some", uploader.files.length > 0);
  parts.draw();
  keepAddress();
});
uploader.addEventListener("partway-session-expired", (event) => {
  event.preventDefault();
  ended();
});

addEventListener("hashchange", () => {
  const id = takeFromAddress();
  // It is another entry of the history now.
  keepAddress();
  if (!id || id === current) return;
  const go = () => void begin(() => joinSession(id));
  if (!bucket && opening === 0) return go();
  // Any page can change the fragment of one that it opened: files added here would go where that page wants them.
  showNotice(
    "A link leads to another session. What runs here would stop, and files you add would go there.",
    { text: "Stay here", act: hideNotice },
    { text: "Go there", act: go },
  );
});

addEventListener("beforeunload", (event) => {
  // What the library keeps goes on after a reload; a file that has not begun is not kept.
  if (uploader.files.some((file) => isOpen(file) && file.key === undefined)) event.preventDefault();
});

addEventListener("pagehide", (event) => {
  // Not when the page may come back from the back-forward cache with its uploads.
  if (event.persisted) return;
  const closing = bucket;
  // No upload that ends now is the page's business any more: a reload is to find the address as it is.
  bucket = null;
  closing?.close();
});

/**
 * Leaves the session before, if any, once the new one is open.
 * @param {() => Promise<Session>} open
 * @returns {Promise<boolean>} Whether there is an open bucket now.
 */
async function begin(open) {
  /** @type {Session} */
  let session;
  /** @type {Bucket} */
  let opened;
  opening += 1;
  try {
    session = await open();
    const token = tokenOf(session, () => current === session.id && ended());
    opened = await openBucket({ endpoint, token, sessionId: session.id });
  } catch (error) {
    refuse(error, open);
    return false;
  } finally {
    opening -= 1;
  }
  hideNotice();
  uploader.store.close();
  bucket?.close();
  bucket = uploader.bucket = opened;
  current = session.id;
  uploader.disabled = false;
  panel.show(session);
  panel.showStrength(opened.nameStrength);
  // What an earlier visit left is in the store by now, or known to be none.
  await opened.unfinished().catch(() => []);
  keepAddress();
  page.dataset.ready = "true";
  opened.rules().then((rules) => {
    if (bucket === opened) panel.showRules(rules);
  }, () => {}); // A service that tells no rules has none to show.
  return true;
}

/** @param {import("../element.d.ts").UploadSnapshot} file @returns {boolean} Whether more of it may be sent. */
const isOpen = ({ state }) => state !== "done" && state !== "failed" && state !== "rejected";

/** A reload comes back to the session for as long as something in it is to go on. */
function keepAddress() {
  if (!bucket) return;
  const { files, store } = uploader;
  const some = store.unfinished.length > 0 || files.some((file) => isOpen(file) || file.error?.retryable);
  keep(some ? current : null);
}

/**
 * @param {unknown} error
 * @param {() => Promise<Session>} open What failed.
 */
function refuse(error, open) {
  if (error instanceof SessionError && error.gone) keep(current);
  keepAddress();
  if (!bucket) panel.close("No session");
  const known = error instanceof SessionError;
  // Asking again for a session that is gone would get the same answer.
  const remedy = known && error.gone ? ANEW : { text: "Try again", act: () => void begin(open) };
  showNotice(known ? error.message : sentenceOf(error), remedy);
}

/** The session is over: its files are gone, and only a new one helps. */
function ended() {
  if (!bucket) return;
  bucket = null;
  current = null;
  uploader.disabled = true;
  keep(null);
  delete page.dataset.ready;
  panel.close("Session ended");
  showNotice("The session has ended, and its files with it.", ANEW);
}

enableSchemeForm(find("#scheme-form"));
enableThemeEditor(find("#theme"), [uploader, list]);
void showFaults(find("#faults"), () => void list.refresh());

const joinId = kept();
void begin(joinId ? () => joinSession(joinId) : () => openSession());
