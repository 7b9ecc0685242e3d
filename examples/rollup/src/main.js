// Rollup copies no assets: this entry carries the WebAssembly in itself, for the element too.
import "partway/inline";
import "partway/element";
import { getSession } from "./session.js";

const uploader = document.querySelector("#uploader");
const done = document.querySelector("#done");

uploader.getSession = getSession;
uploader.addEventListener("partway-done", ({ detail: { name, size } }) => {
  const item = document.createElement("li");
  item.textContent = `${name}: ${size} bytes`;
  done.append(item);
});
