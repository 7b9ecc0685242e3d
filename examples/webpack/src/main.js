import { isPartwayError, openBucket } from "partway";
import { getSession } from "./session.js";

const input = document.querySelector("#file");
const progress = document.querySelector("#progress");
const status = document.querySelector("#status");
const files = document.querySelector("#files");

let bucket;

async function upload(file) {
  bucket ??= await openBucket(await getSession());
  const upload = bucket.upload(file, {
    onProgress: ({ sent, total }) => (progress.value = total === 0 ? 1 : sent / total),
  });
  await upload.done;
  const entries = await bucket.list();
  files.replaceChildren(
    ...entries.map(({ name, size }) => {
      const item = document.createElement("li");
      item.textContent = `${name}: ${size} bytes`;
      return item;
    }),
  );
}

input.addEventListener("change", () => {
  const file = input.files?.[0];
  if (!file) return;
  status.textContent = `Uploading ${file.name}`;
  upload(file).then(
    () => (status.textContent = "Done."),
    (error) => (status.textContent = isPartwayError(error) ? `${error.code}: ${error.message}` : String(error)),
  );
});
