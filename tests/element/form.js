// The uploader as a field of a form.

import { ok, same, until } from "/contract/test.js";
import { MIB, file, scenario } from "/contract/service.js";
import { click } from "./input.js";
import { done, frame, part, rows, speaks, stage, test, uploader } from "./stage.js";

const slow = [{ match: { method: "PUT" }, do: { delayMs: 1500 } }];

/** A form with an uploader in it. */
async function form(attributes = {}, options = {}) {
  const made = document.createElement("form");
  stage.append(made);
  const { element } = await uploader({ multiple: "", name: "files", ...attributes }, options, made);
  return { form: made, element, values: () => new FormData(made).getAll("files") };
}

test("a form submits the key of every finished file", async () => {
  const { form: made, element, values } = await form();
  same([values(), element.form === made, made.elements.namedItem("files") === element], [[], true, true]);
  let changes = 0;
  made.addEventListener("change", () => (changes += 1));
  element.add([file(3, "a"), file(4, "b")]);
  await done(element, 2);
  same(
    values(),
    element.files.map(({ key }) => key),
  );
  ok(changes > 0, "the form hears of the change");
  element.cancel(element.files[0].id);
  await until(() => values().length === 1, "one to be left");
  same(values(), [element.files[0].key]);
  element.name = "others";
  await until(() => values().length === 0, "the other name");
  same(new FormData(made).getAll("others"), [element.files[0].key]);
});

test("a form waits for a required file, and for uploads that run", async () => {
  const { form: made, element } = await form({ required: "" }, { rules: slow });
  same([made.checkValidity(), element.checkValidity(), element.validity.valueMissing], [false, false, true]);
  ok(
    element.validationMessage.length > 0 && !element.validationMessage.includes("required"),
    element.validationMessage,
  );
  let submitted = 0;
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    submitted += 1;
  });
  made.requestSubmit();
  element.add([file(3)]);
  same([made.checkValidity(), element.validity.customError, element.validity.valueMissing], [false, true, false]);
  made.requestSubmit();
  same(submitted, 0);
  await done(element, 1);
  await until(() => made.checkValidity(), "the form to be valid");
  made.requestSubmit();
  same([submitted, element.validationMessage], [1, ""]);
});

test("a form that is reset cancels and clears", async () => {
  const {
    form: made,
    element,
    values,
  } = await form({}, { rules: [{ match: { method: "PUT", from: 2 }, do: { delayMs: 60_000 } }] });
  element.add([file(3, "a")]);
  await done(element, 1);
  element.add([file(6 * MIB, "b")]);
  await until(() => element.files[1].state === "uploading", "the other to be sent");
  made.reset();
  await until(() => element.files.length === 0, "the list to be empty");
  same(values(), []);
  await until(() => rows(element).length === 0 && made.checkValidity(), "the form to be as new");
});

test("a disabled fieldset disables it", async () => {
  const { form: made, element, values } = await form();
  element.add([file(3, "a")]);
  await done(element, 1);
  const set = document.createElement("fieldset");
  made.append(set);
  set.append(element);
  set.disabled = true;
  await until(() => element.matches(":state(disabled)") && part(element, "browse").disabled, "it to be disabled");
  same([element.add([file(3)]).length, values(), element.matches(":disabled")], [0, [], true]);
  set.disabled = false;
  await until(() => !element.matches(":state(disabled)") && !part(element, "browse").disabled, "it to work again");
});

test("a label of the page opens its dialog, or gives it the focus", async () => {
  const { form: made, element } = await form({ id: "field" });
  const label = Object.assign(document.createElement("label"), { htmlFor: "field", textContent: "Papers" });
  made.prepend(label);
  same([...(label.control?.localName ?? "")].join(""), "partway-uploader");
  let heard = 0;
  element.addEventListener("focusin", () => (heard += 1));
  element.shadowRoot.addEventListener("click", (event) => {
    if (event.target.type === "file") event.preventDefault();
    heard += 1;
  });
  await click(label);
  await until(() => heard > 0, "the label to do something");
});

// Firefox calls no formStateRestoreCallback here: in a frame, on an element that a module defines once it is parsed.
test(
  "a page that comes back has the keys again, and no secret",
  async () => {
    const service = await scenario();
    const visit = await frame("form.html");
    const field = () => visit.contentDocument?.querySelector("partway-uploader");
    const values = () => new visit.contentWindow.FormData(visit.contentDocument.querySelector("form")).getAll("files");
    await speaks(field());
    field().getSession = () => ({ endpoint: service.endpoint, token: service.token, sessionId: service.sessionId });
    const { File } = visit.contentWindow;
    field().add([new File(["abc"], "secret name.txt")]);
    await done(field(), 1);
    const [key] = values();
    visit.contentWindow.location.assign("frame.html");
    await until(
      () => visit.contentWindow?.location.pathname.endsWith("frame.html") && visit.contentWindow.ready,
      "the other page",
    );
    visit.contentWindow.history.back();
    await until(
      () => visit.contentWindow?.location.pathname.endsWith("form.html") && visit.contentWindow.ready,
      "the page",
    );
    await speaks(field());
    await until(() => values().length > 0, "the keys");
    same(values(), [key]);
    await until(() => /earlier/.test(part(field(), "overall").textContent), "the words");
    const told = visit.contentWindow.told.join();
    ok(told.includes(key), told);
    ok(
      [service.token, service.sessionId, "secret"].every((word) => !told.includes(word)),
      told,
    );
  },
  ["chromium", "webkit"],
);
