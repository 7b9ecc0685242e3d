/** "Break it": lets a person break the gateway in plain words, and watch the uploads survive. */

import { answer } from "./announce.js";
import { element, setText } from "./element.js";
import { FaultLog } from "./fault-log.js";
import { FaultRefused, hasFaults, readFaults, setFaults } from "./fault-layer.js";
import { LASTING, SINGLE } from "./fault-rules.js";

/** @typedef {import("./fault-rules.js").Fault} Fault */

const POLL_INTERVAL = 1000;
const FAULTS = [...LASTING, ...SINGLE];

/**
 * Shows the panel where the gateway has a fault layer.
 * @param {HTMLDetailsElement} root
 * @param {() => void} onSet Called when a fault waits for a request to strike.
 */
export async function showFaults(root, onSet) {
  if (!await hasFaults()) return;
  new FaultPanel(root, onSet);
  root.hidden = false;
}

/** The panel: what is chosen here, and what the gateway says. */
class FaultPanel {
  /**
   * @param {HTMLDetailsElement} root
   * @param {() => void} onSet
   */
  constructor(root, onSet) {
    /** @type {<T extends HTMLElement>(selector: string) => T} */
    const find = (selector) => /** @type {any} */ (root.querySelector(selector));
    this.root = root;
    this.onSet = onSet;
    this.now = find("#faults-now");
    this.label = find("#faults-label");
    this.badge = find("#faults-badge");
    this.error = find("#faults-error");
    this.log = new FaultLog(find("#faults-log"));
    this.healer = find("[data-fault=heal]");
    /** @type {Set<Fault>} */
    this.active = new Set();
    /** @type {Map<Fault, HTMLButtonElement>} */
    this.buttons = new Map();
    /** Whether the gateway has yet to be told what is active. */
    this.unsent = false;
    this.asking = false;
    this.reached = true;
    /** Rules this page has set, and those the gateway had when it was asked last. */
    this.ours = 0;
    this.rules = 0;
    this.timer = 0;
    this.ending = 0;

    find("#faults-lasting").append(...LASTING.map((fault) => this.button(fault)));
    find("#faults-single").append(...SINGLE.map((fault) => this.button(fault)));
    this.healer.addEventListener("click", () => this.heal());
    root.addEventListener("toggle", () => void this.ask());
    addEventListener("visibilitychange", () => void this.ask());
    this.draw();
  }

  /** @param {Fault} fault */
  button(fault) {
    const pressed = LASTING.includes(fault) && "false";
    const made = element("button",
      { type: "button", class: "fault-button", "data-fault": fault.name, "aria-pressed": pressed },
      element("span", { class: "fault-title" }, fault.title), element("span", { class: "fault-detail" }, fault.detail));
    made.addEventListener("click", () => this.choose(fault));
    this.buttons.set(fault, made);
    return made;
  }

  /** @param {Fault} fault */
  choose(fault) {
    const single = SINGLE.includes(fault);
    if (this.active.has(fault) && !single) {
      this.active.delete(fault);
      answer(`${fault.title}: no more.`);
    } else {
      this.active.add(fault);
      answer(fault.said);
    }
    if (fault.lasts) {
      clearTimeout(this.ending);
      this.ending = window.setTimeout(() => {
        if (this.active.delete(fault)) this.send();
      }, fault.lasts);
    }
    this.send();
  }

  heal() {
    this.active.clear();
    answer("Healed: the gateway works again.");
    this.send();
  }

  send() {
    this.unsent = true;
    this.error.hidden = true;
    this.draw();
    void this.ask();
  }

  /** Tells the gateway what is active where it does not know yet, and reads its log while someone looks. */
  async ask() {
    if (this.asking) return;
    this.asking = true;
    clearTimeout(this.timer);
    try {
      while (this.unsent) await this.tell();
      if (this.watched) this.read(await readFaults());
      this.reached = true;
    } catch (error) {
      this.reached = error instanceof FaultRefused;
      if (error instanceof FaultRefused) this.complain(error.message);
    }
    this.asking = false;
    this.draw();
    if (!this.watched && !this.unsent) return;
    this.timer = window.setTimeout(() => void this.ask(), this.unsent && this.reached ? 0 : POLL_INTERVAL);
  }

  async tell() {
    this.unsent = false;
    // What strikes once comes first, or a lasting fault would act on the request in its place.
    const faults = FAULTS.toReversed().filter((fault) => this.active.has(fault));
    const rules = faults.flatMap((fault) => fault.rules());
    try {
      await setFaults(rules);
      this.ours = rules.length;
    } catch (error) {
      if (error instanceof FaultRefused) this.active.clear();
      else this.unsent = true;
      throw error;
    }
    if (faults.some(({ acts }) => acts)) this.onSet();
  }

  /** @param {Awaited<ReturnType<typeof readFaults>>} told */
  read({ rules, log }) {
    this.rules = rules;
    this.log.draw(log);
    // While the gateway is yet to be told, its log is of what was active before.
    if (this.unsent) return;
    for (const fault of this.active) {
      if (fault.acts && log.some((entry) => entry.fault && fault.acts?.test(entry.fault))) this.active.delete(fault);
    }
  }

  /** Whether someone looks at the panel. */
  get watched() {
    return this.root.open && document.visibilityState === "visible";
  }

  /** @param {string} sentence */
  complain(sentence) {
    this.error.hidden = false;
    setText(this.error, sentence);
  }

  draw() {
    for (const [fault, made] of this.buttons) {
      const active = this.active.has(fault);
      made.toggleAttribute("data-active", active);
      if (LASTING.includes(fault)) made.setAttribute("aria-pressed", String(active));
    }
    const titles = FAULTS.filter((fault) => this.active.has(fault)).map(({ title }) => title);
    const foreign = this.reached && !this.unsent && this.rules > 0 && this.rules !== this.ours;
    this.healer.toggleAttribute("data-needed", titles.length > 0 || foreign);
    setText(this.badge, titles.length > 0 ? `${titles.length} active` : "");
    this.label.hidden = !this.reached;
    setText(this.now,
      !this.reached ? "The gateway does not answer right now"
      : foreign ? "Faults set earlier or elsewhere"
      : titles.join(", ") || "Nothing, the gateway works");
  }
}
