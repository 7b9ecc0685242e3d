/** One row of the upload list: name, part map, numbers, state in words, and the buttons that fit the state. */

import { button, element, setText } from "./element.js";
import { fileName, spokenName } from "./file-name.js";
import { count, counted, duration, percent, size, speed } from "./format.js";
import { PartMap, partsPerCell } from "./part-map.js";

/** @typedef {import("./transfer.js").Transfer} Transfer */
/** @typedef {import("../partway.d.ts").UploadState} UploadState */

/** @typedef {{ retry: (transfer: Transfer) => void, dismiss: (transfer: Transfer) => void }} RowActions */

/** @type {Record<UploadState, string>} */
const WORDS = {
  queued: "Waiting its turn",
  starting: "Starting",
  uploading: "Uploading",
  waiting: "Waiting to try again",
  paused: "Paused",
  completing: "Finishing",
  done: "Stored",
  failed: "Failed",
  aborted: "Cancelled",
};

const MOVING = new Set(["uploading", "starting", "completing"]);

/** The view of a transfer. It reads the transfer and never changes it but through its own methods. */
export class UploadRow {
  /**
   * @param {Transfer} transfer
   * @param {RowActions} actions
   */
  constructor(transfer, actions) {
    this.transfer = transfer;
    const name = spokenName(transfer.name);
    this.map = new PartMap();
    this.bar = element("progress", { class: "visually-hidden", max: 1, value: 0, "aria-label": `Progress of ${name}` });
    this.word = element("span", { class: "state" });
    this.numbers = element("span", { class: "numbers" });
    this.rate = element("span", { class: "rate" });
    this.resumed = element("span", { class: "resumed" });
    this.parts = element("span", { class: "parts" });
    this.error = element("p", { class: "error", hidden: true });
    this.buttons = {
      pause: button({ action: "pause", icon: "pause", label: `Pause ${name}` }),
      resume: button({ action: "resume", icon: "play", label: `Resume ${name}` }),
      retry: button({ action: "retry", icon: "retry", label: `Try ${name} again` }),
      cancel: button({ action: "cancel", icon: "cross", label: `Cancel ${name}` }),
      dismiss: button({ action: "dismiss", icon: "cross", label: `Take ${name} off this list` }),
    };
    this.root = element("li", { class: "upload", "data-upload": "" },
      element("div", { class: "row-head" }, fileName(transfer.name), element("span", { class: "actions" }, ...Object.values(this.buttons))),
      this.map.root,
      this.bar,
      element("p", { class: "facts" }, this.word, this.numbers, this.rate, this.resumed, this.parts),
      this.error);
    this.buttons.pause.addEventListener("click", () => transfer.pause());
    this.buttons.resume.addEventListener("click", () => transfer.resume());
    this.buttons.cancel.addEventListener("click", () => transfer.cancel());
    this.buttons.retry.addEventListener("click", () => actions.retry(transfer));
    this.buttons.dismiss.addEventListener("click", () => actions.dismiss(transfer));
    this.draw();
  }

  /** Shows the transfer as it is now. */
  draw() {
    const { state, progress, failure, canRetry, settled } = this.transfer;
    const { sent, total, partsDone, parts, resumedFrom } = progress;
    if (this.root.dataset.state !== state) this.root.dataset.state = state;
    this.map.draw(progress, MOVING.has(state));
    this.bar.value = total > 0 ? Math.min(1, sent / total) : Number(state === "done");
    setText(this.word, this.sentence(state));
    setText(this.numbers, state === "done" || state === "queued" || state === "aborted" || (state === "failed" && sent === 0) ? size(total)
      : `${percent(sent, total)} of ${size(total)}`);
    setText(this.rate, state === "uploading" ? rate(progress) : "");
    setText(this.resumed, resumedFrom > 0 ? `${settled ? "went" : "goes"} on from ${percent(resumedFrom, total)}` : "");
    const each = partsPerCell(parts);
    setText(this.parts, parts < 2 ? "" : state === "done" ? counted(parts, "part")
      : `${count(partsDone)} of ${counted(parts, "part")} stored${each > 1 ? `, a square is ${each}` : ""}`);
    this.error.hidden = !failure;
    if (failure && this.error.dataset.code !== failure.code) {
      this.error.dataset.code = failure.code;
      this.error.replaceChildren(failure.sentence, " ", element("code", {}, failure.code));
    }
    this.offer({
      pause: ["queued", "starting", "uploading", "waiting"].includes(state),
      resume: state === "paused",
      retry: canRetry,
      cancel: !settled,
      dismiss: settled,
    });
  }

  /** @param {UploadState} state */
  sentence(state) {
    if (state === "waiting" && !navigator.onLine) return "Offline: goes on by itself";
    return WORDS[state];
  }

  /**
   * Shows the buttons that fit, and keeps the keyboard where it was when its button has gone.
   * @param {Record<keyof UploadRow["buttons"], boolean>} fitting
   */
  offer(fitting) {
    const focused = document.activeElement;
    let lost = false;
    for (const [name, made] of Object.entries(this.buttons)) {
      const hidden = !fitting[/** @type {keyof UploadRow["buttons"]} */ (name)];
      if (made.hidden === hidden) continue;
      if (hidden && made === focused) lost = true;
      made.hidden = hidden;
    }
    if (lost) Object.values(this.buttons).find((made) => !made.hidden)?.focus();
  }
}

/** @param {import("../partway.d.ts").UploadProgress} progress */
function rate({ speed: bytes, timeLeft }) {
  if (bytes <= 0) return "";
  return timeLeft === null ? speed(bytes) : `${speed(bytes)}, ${duration(timeLeft)} left`;
}
