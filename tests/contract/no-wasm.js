// Tells the page around this one how loading ends here.
import init from "/pkg/partway.js";

const error = await init().then(() => ({}), (error) => error);
const { name, code, retryable, message } = error;
parent.postMessage({ name, code, retryable, message }, location.origin);
