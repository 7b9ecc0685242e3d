import { getSession } from "./session.js";

const input = document.querySelector("#file");
const progress = document.querySelector("#progress");
const status = document.querySelector("#status");
const files = document.querySelector("#files");

// The library lives in the worker alone: this page loads none of it.
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

worker.addEventListener("message", ({ data }) => {
  if (data.progress !== undefined) progress.value = data.progress;
  if (data.error) status.textContent = data.error;
  if (!data.entries) return;
  status.textContent = "Done.";
  files.replaceChildren(
    ...data.entries.map(({ name, size }) => {
      const item = document.createElement("li");
      item.textContent = `${name}: ${size} bytes`;
      return item;
    }),
  );
});

let session;
input.addEventListener("change", async () => {
  const file = input.files[0];
  if (!file) return;
  status.textContent = `Uploading ${file.name}`;
  try {
    session ??= await getSession();
    worker.postMessage({ session, file });
  } catch (error) {
    status.textContent = String(error);
  }
});
