// Ten thousand files: no task is long, and every row is reached.

import { ok, same, until } from "/contract/test.js";
import { key, wheel } from "./input.js";
import { drawn, focused, part, put, rows, stage, test } from "./stage.js";

const MANY = 10_000;
const LONGEST = 50;
/** Taking the files is one task: on a slow machine it may take so many times what making them took just before. */
const TIMES = 3;
/** A busy machine makes tasks longer, never shorter: one run without a long one proves that there need be none. */
const RUNS = 12;

const files = (prefix = "") =>
  Array.from({ length: MANY }, (_, at) => ({
    file: new Blob(["x"]),
    name: `${prefix}${String(at).padStart(5, "0")}.txt`,
  }));

/**
 * Does it until no task was long, at most so many times; `prepare` is not watched, and may say how long one may be
 * (`most`).
 */
async function short(what, prepare, work) {
  const told = [];
  for (let run = 0; run < RUNS; run += 1) {
    const prepared = await prepare();
    await drawn();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const long = [];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration)));
    observer.observe({ type: "longtask" });
    // In a task of its own, so that what comes before and after does not count.
    await new Promise((resolve, reject) => setTimeout(() => Promise.resolve(work(prepared)).then(resolve, reject)));
    await drawn();
    await new Promise((resolve) => setTimeout(resolve, 300));
    observer.disconnect();
    if (long.every((duration) => duration <= (prepared?.most ?? LONGEST))) return;
    told.push(long);
  }
  ok(
    false,
    `${what}: tasks over ${LONGEST} ms in each of ${RUNS} runs: ${told.map((long) => long.join(", ")).join("; ")}`,
  );
}

/** Scrolls a list, a little and far. */
async function scrolls(list) {
  for (const pixels of [300, 3000, 30_000])
    await short(
      `scrolling by ${pixels}`,
      () => {},
      () => wheel(list, pixels),
    );
  await short(
    "scrolling to the end",
    () => list.scrollTo(0, 0),
    () => list.scrollTo(0, list.scrollHeight),
  );
}

const uploader = () => put("partway-uploader", { multiple: "", manual: "" });

test(
  "ten thousand files are added without a long task",
  async () => {
    const prepare = async () => {
      stage.replaceChildren();
      const element = await uploader();
      const began = performance.now();
      const given = files();
      return { element, given, most: Math.max(LONGEST, TIMES * (performance.now() - began)) };
    };
    await short("adding", prepare, async ({ element, given }) => {
      element.add(given);
      await drawn();
      same(element.files.length, MANY);
    });
  },
  ["chromium"],
);

test(
  "ten thousand files are updated without a long task",
  async () => {
    const element = await uploader();
    element.add(files());
    await drawn();
    // Each is a change of one file, with all that is told of it.
    for (const at of [0, 5000, 9999]) {
      for (const change of ["pause", "resume"])
        await short(
          `${change} of ${at}`,
          () => {},
          () => element[change](element.files[at].id),
        );
    }
  },
  ["chromium"],
);

test(
  "ten thousand files are scrolled without a long task",
  async () => {
    const element = await uploader();
    element.add(files());
    await until(() => rows(element).length > 0, "rows");
    const list = part(element, "list");
    await scrolls(list);
  },
  ["chromium"],
);

/** Wheels a list to its end, the long way between by its bar; gives the last row, which is in sight then. */
async function wheelToEnd(list) {
  await wheel(list, 1000);
  await until(() => list.scrollTop > 0, "the list to scroll");
  list.scrollTop = list.scrollHeight - list.clientHeight - 3000;
  await drawn();
  const last = () => list.querySelector(`[aria-posinset="${MANY}"]`);
  const isInSight = () => last()?.getBoundingClientRect().bottom <= list.getBoundingClientRect().bottom + 2;
  for (let turn = 0; turn < 30 && !isInSight(); turn += 1) {
    await wheel(list, 400);
    await drawn();
  }
  const { scrollTop, scrollHeight, clientHeight } = list;
  const shown = [...list.querySelectorAll("[aria-posinset]")].map(({ ariaPosInSet }) => ariaPosInSet);
  ok(
    isInSight(),
    `the last row is not in sight at ${scrollTop} + ${clientHeight} of ${scrollHeight}; shown are ${shown}`,
  );
  return last();
}

test("the wheel reaches the last of ten thousand rows", async () => {
  const element = await uploader();
  element.add(files());
  await until(() => rows(element).length > 0, "rows");
  const list = part(element, "list");
  ok(rows(element).length < 200, `${rows(element).length} rows are in the page`);
  const last = await wheelToEnd(list);
  same(
    [last.getAttribute("aria-setsize"), last.querySelector("[part~=name]").textContent],
    [String(MANY), "09999.txt"],
  );
});

/** Tab from the first row on goes beyond what was in the page, and Shift+Tab comes back. */
async function tabs(list, first, count, position) {
  first.focus();
  const reached = [position()];
  const drawnAtFirst = rows(list).length;
  for (let pressed = 0; reached.at(-1) < count && pressed < 8 * count; pressed += 1) {
    await key("Tab");
    await drawn();
    const now = position();
    ok(now !== null, `the focus left the list after row ${reached.at(-1)}`);
    if (now !== reached.at(-1)) reached.push(now);
  }
  same(
    reached,
    Array.from({ length: count }, (_, at) => at + 1),
  );
  ok(count > drawnAtFirst, `${drawnAtFirst} rows were in the page: ${count} show nothing`);
  for (let pressed = 0; position() !== 1 && pressed < 8 * count; pressed += 1) {
    await key("Shift+Tab");
    await drawn();
    ok(position() !== null, "the focus left the list on its way back");
  }
  same(position(), 1);
}

const positionOf = () => {
  const at = focused()?.closest?.("[aria-posinset]");
  return at ? Number(at.getAttribute("aria-posinset")) : null;
};

test("Tab goes from row to row, beyond what is drawn, and back", async () => {
  const element = await uploader();
  element.add(files());
  await until(() => rows(element).length > 0, "rows");
  await tabs(element, rows(element)[0].querySelector("button:not([hidden])"), rows(element).length + 3, positionOf);
});

/** A bucket that lists ten thousand files. */
const bucket = (change = 0) => ({
  list: async () =>
    Array.from({ length: MANY }, (_, at) => ({
      key: `key-${at}`,
      name: `${String(at).padStart(5, "0")}.txt`,
      nameScheme: "partway",
      nameAuthenticated: true,
      size: at + change,
      sizeMatches: true,
      parts: 1,
      completed: true,
      creator: null,
    })),
});

test(
  "a bucket of ten thousand files is listed, refreshed and scrolled without a long task",
  async () => {
    const list = await put("partway-bucket");
    await short(
      "listing",
      () => {
        list.bucket = null;
      },
      async () => {
        list.bucket = bucket();
        await until(() => list.entries.length === MANY, "the list");
        await drawn();
      },
    );
    await short(
      "refreshing",
      () => {},
      async () => {
        await list.refresh();
        await drawn();
      },
    );
    const root = part(list, "list");
    await scrolls(root);
  },
  ["chromium"],
);

test("a bucket of ten thousand files shows its last row, and Tab goes through it", async () => {
  const list = await put("partway-bucket", {}, { bucket: bucket() });
  await until(() => rows(list).length > 0, "rows");
  const root = part(list, "list");
  ok(rows(list).length < 200, `${rows(list).length} rows are in the page`);
  const count = Math.min(rows(list).length + 2, 40);
  await tabs(list, rows(list)[0].querySelector("button:not([hidden])"), count, positionOf);
  same((await wheelToEnd(root)).dataset.key, "key-9999");
});
