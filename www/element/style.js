/** The look of both elements. Colours come from the page's `color-scheme` unless a page sets the custom properties. */

const CSS = `
:host {
  --accent: var(--partway-accent, light-dark(#0b6e69, #5fd4cb));
  --on-accent: var(--partway-on-accent, light-dark(#fff, #06201f));
  --surface: var(--partway-surface, light-dark(#fff, #171b20));
  --zone: var(--partway-zone, light-dark(#f3f7f7, #1d2329));
  --text: var(--partway-text, light-dark(#1a2126, #e8edf0));
  --muted: var(--partway-muted, light-dark(#56626b, #a3b0b9));
  --danger: var(--partway-danger, light-dark(#b3261e, #ff9e95));
  --success: var(--partway-success, light-dark(#136c3a, #6fdc9c));
  --radius: var(--partway-radius, 10px);
  --gap: var(--partway-gap, 12px);
  --motion: var(--partway-motion, 150ms);
  --line: color-mix(in srgb, var(--text) 16%, transparent);
  display: block;
  color: var(--text);
  font: var(--partway-font, 16px/1.45 system-ui, sans-serif);
  text-align: start;
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
p, ul, h3 { margin: 0; padding: 0; }
ul { list-style: none; }
.root {
  display: flex;
  flex-direction: column;
  gap: var(--gap);
  padding: var(--gap);
  border-radius: var(--radius);
  background: var(--surface);
  container-type: inline-size;
}
.quiet {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
section[part=zone] {
  position: relative;
  display: flex;
  flex-direction: column;
  align-items: center;
  gap: var(--gap);
  padding: calc(var(--gap) * 2);
  border: 1.5px dashed color-mix(in srgb, var(--accent) 55%, transparent);
  border-radius: var(--radius);
  background: var(--zone);
  text-align: center;
  transition: border-color var(--motion), background var(--motion);
}
:host(:state(dragover)) section[part=zone] {
  border-style: solid;
  border-color: var(--accent);
  background: color-mix(in srgb, var(--accent) 14%, var(--zone));
}
:host(:state(disabled)) section[part=zone] { opacity: .75; border-style: dotted; }
.buttons, .actions {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: calc(var(--gap) / 2);
}
.buttons { justify-content: center; }
.buttons button { padding: 8px 16px; }
[part=prompt] { font-weight: 500; }
button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  gap: .5em;
  min-block-size: 32px;
  min-inline-size: 32px;
  padding: 4px 10px;
  border: 1px solid var(--line);
  border-radius: calc(var(--radius) * .7);
  background: transparent;
  color: inherit;
  font: inherit;
  font-size: .9em;
  cursor: pointer;
  transition: background var(--motion);
}
button:hover { background: color-mix(in srgb, var(--text) 8%, transparent); }
button[part=browse] {
  border-color: transparent;
  background: var(--accent);
  color: var(--on-accent);
  font-weight: 600;
}
button[part=browse]:hover { background: color-mix(in srgb, var(--accent) 88%, var(--text)); }
button:disabled { cursor: not-allowed; }
button:focus-visible, ul:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button:has(> svg:only-child) { padding: 0; border-color: transparent; color: var(--muted); }
button:has(> svg:only-child):hover { color: var(--text); }
.bar button { border-color: transparent; font-weight: 500; margin-inline: -10px; }
.bar .actions { margin-inline-start: auto; }
.bar .actions button { margin-inline: 0 -10px; }
button[data-action=confirm] { border-color: var(--danger); color: var(--danger); }
svg {
  inline-size: 16px;
  block-size: 16px;
  fill: none;
  stroke: currentColor;
  stroke-width: 1.6;
  stroke-linecap: round;
  stroke-linejoin: round;
}
.bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 4px var(--gap);
  font-size: .9em;
  color: var(--muted);
}
.bar button { font-size: 1em; }
.bar progress { flex-basis: 100%; }
[part=list] {
  max-block-size: var(--partway-list-height, 26rem);
  margin-inline: -4px;
  padding-inline: 4px;
  overflow: auto;
  overflow-anchor: none;
}
[part=list]::after { content: ""; display: block; block-size: var(--rest); }
li {
  display: grid;
  grid-template-columns: minmax(0, 1fr) auto;
  align-items: center;
  gap: 2px var(--gap);
  padding-block: 8px;
  border-block-start: 1px solid var(--line);
}
.many li { block-size: 4.6rem; overflow: hidden; contain: strict; }
.many .message { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.text { display: flex; flex-direction: column; min-inline-size: 0; }
.name {
  display: flex;
  min-inline-size: 0;
  max-inline-size: 100%;
  align-self: flex-start;
  font-weight: 500;
}
.stem { overflow: hidden; text-overflow: ellipsis; white-space: pre; }
.ending { flex: none; white-space: pre; }
.meta { font-size: .85em; color: var(--muted); font-variant-numeric: tabular-nums; }
.message, .notice { font-size: .85em; color: var(--danger); }
.message:empty, .notice:empty { display: none; }
li[data-state=done] .meta { color: var(--success); }
li > progress { grid-column: 1 / -1; block-size: 4px; margin-block-start: 4px; }
h3 { margin-block-end: 6px; font-size: .9em; font-weight: 600; }
.empty { padding-block: calc(var(--gap) * 4); text-align: center; }
progress {
  appearance: none;
  inline-size: 100%;
  block-size: 6px;
  overflow: hidden;
  border: 0;
  border-radius: 3px;
  background: var(--line);
  color: var(--accent);
}
progress::-webkit-progress-bar { background: transparent; }
progress::-webkit-progress-value {
  background: var(--accent);
  transition: inline-size var(--motion);
}
progress::-moz-progress-bar { background: var(--accent); }
progress:indeterminate::-moz-progress-bar { background: transparent; }
@container (max-width: 26rem) {
  .root > :not(.bar) { font-size: .95em; }
  section[part=zone] { padding: var(--gap); }
}
@media (prefers-reduced-motion: reduce) { :host { --motion: 0s; } }
@media (forced-colors: active) {
  progress {
  border: 1px solid CanvasText;
  forced-color-adjust: none;
  background: Canvas;
  color: Highlight;
}
  progress::-webkit-progress-bar { background: Canvas; }
  progress::-webkit-progress-value { background: Highlight; }
  progress::-moz-progress-bar { background: Highlight; }
  button { border-color: ButtonText !important; }
}
`;

/** @type {CSSStyleSheet | undefined} */
let shared;

/** @returns {CSSStyleSheet} One for all elements, made when the first is. */
export function sheet() {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(CSS);
  }
  return shared;
}
