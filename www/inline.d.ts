// `partway/inline`: the same API, with the WebAssembly inside the JavaScript.
export { default } from "./partway.js";
export * from "./partway.js";
