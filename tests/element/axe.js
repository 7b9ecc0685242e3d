// axe-core over an element, shadow tree and all.

import { ok } from "/contract/test.js";

let loading;
const load = () =>
  (loading ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: "/tools/axe-core/axe.min.js" });
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error("axe-core is not there")));
    document.head.append(script);
  }));

/** Fails with what axe finds in the element, and unless it looked at something. */
export async function clean(element, state) {
  await load();
  const { violations, passes } = await axe.run(element, { resultTypes: ["violations"] });
  const told = violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ html, failureSummary }) => `${id}: ${html.slice(0, 120)} ${failureSummary.replace(/\s+/g, " ").slice(0, 300)}`,
    ),
  );
  ok(told.length === 0, `axe, ${state}:\n${told.slice(0, 5).join("\n")}`);
  ok(passes.length > 5, `axe, ${state}: only ${passes.length} rules had something to look at`);
}
