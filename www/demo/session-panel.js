/**
 * The session on the page: how long it lasts, its rules, the join link on demand, and the form that opens another
 * one.
 */

import { joinLink } from "./address.js";
import { answer } from "./announce.js";
import { copy } from "./clipboard.js";
import { setText } from "./element.js";
import { clock, count, megabytesAs } from "./format.js";

/** @typedef {import("../partway.d.ts").SessionRules} SessionRules */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").NewSessionRules} NewSessionRules */

/** The header's session controls and the two panels they open. */
export class SessionPanel {
  /** @param {(rules: NewSessionRules) => Promise<boolean>} onOpen Opens a session; resolves to whether it did. */
  constructor(onOpen) {
    /** @type {<T extends HTMLElement>(id: string) => T} */
    const find = (id) => /** @type {any} */ (document.getElementById(id));
    this.state = find("session-state");
    this.rules = find("session-rules");
    this.strength = find("name-strength");
    this.link = /** @type {HTMLInputElement} */ (find("join-link"));
    this.form = /** @type {HTMLFormElement} */ (find("new-session-form"));
    this.share = { button: find("share-button"), panel: find("share-panel") };
    this.another = { button: find("new-session-button"), panel: find("new-session-panel") };
    /** @type {Session | null} */
    this.session = null;

    for (const one of [this.share, this.another]) {
      one.button.addEventListener("click", () => this.toggle(one, one.panel.hidden));
      one.panel.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.toggle(one, false);
      });
    }
    find("copy-join-link").addEventListener("click", () => this.copyLink());
    this.link.addEventListener("focus", () => this.link.select());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit(onOpen);
    });
  }

  /**
   * One panel at a time; the join link is in the page only while its panel is open.
   * @param {{ button: HTMLElement, panel: HTMLElement }} chosen
   * @param {boolean} open
   */
  toggle(chosen, open) {
    for (const one of [this.share, this.another]) {
      const shown = one === chosen && open;
      one.panel.hidden = !shown;
      one.button.setAttribute("aria-expanded", String(shown));
    }
    this.link.value = chosen === this.share && open && this.session ? joinLink(this.session.id) : "";
    const field = open ? chosen.panel.querySelector("input") : chosen.button;
    if (field instanceof HTMLElement) field.focus();
  }

  /** @param {Session} session */
  show(session) {
    this.session = session;
    const kind = session.joined ? "Joined session" : "Your session";
    setText(this.state, session.endsAt ? `${kind}, open until ${clock(session.endsAt)}` : `${kind}, open`);
    this.state.dataset.state = "open";
    this.share.button.hidden = false;
    setText(this.rules, "");
  }

  /** @param {SessionRules} rules */
  showRules({ maxFiles, maxTotalMegaBytes }) {
    const limits = [];
    if (maxFiles) limits.push(`${count(maxFiles)} ${maxFiles === 1 ? "file" : "files"}`);
    if (maxTotalMegaBytes) limits.push(megabytesAs(maxTotalMegaBytes));
    setText(this.rules, limits.length ? `holds up to ${limits.join(", ")}` : "");
  }

  /** @param {number} bits */
  showStrength(bits) {
    if (!Number.isFinite(bits)) return;
    setText(this.strength, `The ID of this session can hide at most ${count(Math.floor(bits))} bits${bits < 80 ? ", which is weak" : ""}.`);
  }

  /** @param {string} sentence Why there is no session. */
  close(sentence) {
    this.session = null;
    this.share.button.hidden = true;
    if (!this.share.panel.hidden) this.toggle(this.share, false);
    setText(this.state, sentence);
    this.state.dataset.state = "closed";
    setText(this.rules, "");
  }

  async copyLink() {
    const { session } = this;
    if (!session) return;
    if (await copy(Promise.resolve(joinLink(session.id)))) answer("Join link copied.");
    else {
      this.link.select();
      answer("Copy the link from the field.");
    }
  }

  /** @param {(rules: NewSessionRules) => Promise<boolean>} onOpen */
  async submit(onOpen) {
    const submit = /** @type {HTMLButtonElement} */ (this.form.querySelector("[type=submit]"));
    submit.disabled = true;
    const opened = await onOpen(rulesOf(new FormData(this.form)));
    submit.disabled = false;
    if (opened) this.toggle(this.another, false);
  }
}

/**
 * @param {FormData} form
 * @returns {NewSessionRules} Only what was filled in.
 */
function rulesOf(form) {
  /** @param {string} field */
  const number = (field) => {
    const text = String(form.get(field) ?? "").trim();
    return text === "" ? undefined : Number(text);
  };
  const minutes = number("minutes");
  /** @type {NewSessionRules} */
  const rules = {};
  const maxFiles = number("maxFiles");
  const maxTotalMegaBytes = number("maxTotalMegaBytes");
  if (maxFiles !== undefined) rules.maxFiles = maxFiles;
  if (maxTotalMegaBytes !== undefined) rules.maxTotalMegaBytes = maxTotalMegaBytes;
  if (minutes !== undefined) rules.expiryDurationInSeconds = minutes * 60;
  return rules;
}
