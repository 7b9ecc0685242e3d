/** Tabs: one panel at a time; arrow keys, Home and End go from tab to tab. Without this module every panel is shown. */

/** @param {HTMLElement} list The buttons; the panel of each is the one its `aria-controls` names. */
export function enableTabs(list) {
  const tabs = /** @type {HTMLElement[]} */ ([...list.children]);
  /** @param {HTMLElement} chosen */
  const choose = (chosen) => {
    for (const tab of tabs) {
      const selected = tab === chosen;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !selected;
    }
  };
  list.addEventListener("click", (event) => {
    const tab = tabs.find((one) => one.contains(/** @type {Node} */ (event.target)));
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const at = tabs.findIndex((tab) => tab === event.target);
    const forward = getComputedStyle(list).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const next = { [forward]: at + 1, [backward]: at - 1, Home: 0, End: -1 }[event.key];
    const tab = next === undefined ? undefined : tabs.at(next % tabs.length);
    if (at < 0 || !tab) return;
    event.preventDefault();
    choose(tab);
    tab.focus();
  });
  list.hidden = false;
  if (tabs[0]) choose(tabs[0]);
}
