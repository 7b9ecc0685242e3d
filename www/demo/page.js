/** Puts the page together: a session, its bucket, the two lists, and the ways files come in. */

import { openBucket } from "../pkg/partway.js";
import { keepInAddress, sessionInAddress } from "./address.js";
import { announce, answer } from "./announce.js";
import { BucketList } from "./bucket-list.js";
import { acceptFiles } from "./drop.js";
import { failure } from "./failure.js";
import { showFaults } from "./fault-panel.js";
import { counted } from "./format.js";
import { hideNotice, showNotice } from "./notice.js";
import { enableSchemeForm } from "./scheme-form.js";
import { SessionPanel } from "./session-panel.js";
import { endpoint, joinSession, openSession, SessionError, tokenOf } from "./session.js";
import { UnfinishedList } from "./unfinished-list.js";
import { Uploads } from "./uploads.js";

/** @typedef {import("../partway.d.ts").Bucket} Bucket */
/** @typedef {import("./dropped-items.js").Found} Found */
/** @typedef {import("./session.js").Session} Session */

/** @param {string} selector */
const find = (selector) => /** @type {any} */ (document.querySelector(selector));

const page = document.documentElement;
const uploads = new Uploads(find("#uploads"), {
  onBucketChange: (change) => (change === "expired" ? ended() : bucketList.refresh()),
  onState: ({ state, settled }) => {
    unfinished.draw();
    if (state === "failed" || state === "aborted" || (settled && unfinished.some)) unfinished.refresh();
    keepAddress();
  },
});
const unfinished = new UnfinishedList(find("#unfinished"), {
  onGoOn: (origin) => void uploads.begin([origin]),
  underWay: () => uploads.keys,
  onForgotten: () => bucketList.refresh(),
  onChange: keepAddress,
});
const bucketList = new BucketList(find("#bucket"), (code) => {
  if (code === "session-expired" || code === "unauthorized") ended();
});
const panel = new SessionPanel((rules) => begin(() => openSession(rules)));

/** @type {Bucket | null} */
let bucket = null;
/** @type {string | null} The ID of the session the page is in. */
let current = null;

acceptFiles(find("#drop-zone"), [find("#file-input"), find("#folder-input")], ({ picked, unreadable, emptyFolders }) => {
  if (!bucket) {
    answer("There is no open session to upload to.");
    return;
  }
  if (unreadable > 0) announce(`${counted(unreadable, "item")} could not be read and ${unreadable === 1 ? "was" : "were"} left out.`);
  if (picked.length === 0 && unreadable === 0) {
    announce(emptyFolders > 0 ? "The folder is empty." : "There was no file in what you dropped.");
  }
  void uploads.add(picked);
});

addEventListener("hashchange", () => {
  const id = sessionInAddress();
  if (id && id !== current) void begin(() => joinSession(id));
});

addEventListener("beforeunload", (event) => {
  // What the library keeps goes on after a reload; what it cannot keep would be lost.
  if (bucket?.unfinished ? uploads.fleeting : uploads.busy) event.preventDefault();
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
  try {
    session = await open();
    opened = await openBucket({ endpoint, token: tokenOf(session, () => current === session.id && ended()), sessionId: session.id });
  } catch (error) {
    refuse(error, open);
    return false;
  }
  hideNotice();
  uploads.attach(opened);
  bucket?.close();
  bucket = opened;
  current = session.id;
  panel.show(session);
  panel.showStrength(opened.nameStrength);
  await Promise.all([bucketList.attach(opened), unfinished.attach(opened)]);
  keepAddress();
  page.dataset.ready = "true";
  opened.rules().then((rules) => {
    if (bucket === opened) panel.showRules(rules);
  }, () => {}); // A service that tells no rules has none to show.
  return true;
}

/** A reload comes back to the session for as long as something in it is to go on. */
function keepAddress() {
  if (bucket) keepInAddress(uploads.busy || unfinished.some ? current : null);
}

/**
 * @param {unknown} error
 * @param {() => Promise<Session>} open What failed.
 */
function refuse(error, open) {
  if (error instanceof SessionError && error.gone) keepInAddress(current);
  keepAddress();
  if (!bucket) panel.close("No session");
  if (!(error instanceof SessionError)) showNotice(failure(error).sentence, { text: "Try again", act: () => void begin(open) });
  // Asking again for a session that is gone would get the same answer.
  else if (error.gone) showNotice(error.message, { text: "Open a new session", act: () => void begin(() => openSession()) });
  else showNotice(error.message, { text: "Try again", act: () => void begin(open) });
}

/** The session is over: its files are gone, and only a new one helps. */
function ended() {
  if (!bucket) return;
  bucket = null;
  current = null;
  keepInAddress(null);
  delete page.dataset.ready;
  panel.close("Session ended");
  showNotice("The session has ended, and its files with it.", { text: "Open a new session", act: () => void begin(() => openSession()) });
}

enableSchemeForm(find("#scheme-form"));
void showFaults(find("#faults"), () => bucketList.refresh());

const joinId = sessionInAddress();
void begin(joinId ? () => joinSession(joinId) : () => openSession());
