// A page with a form, which says what its field gave the browser to keep.

window.told = [];
const { setFormValue } = ElementInternals.prototype;
ElementInternals.prototype.setFormValue = function (value, state) {
  const entries = value instanceof FormData ? [...value.values()] : [value];
  window.told.push(...entries, state);
  return setFormValue.call(this, value, state);
};
// The element may call it as soon as it is there.
await import("/pkg/element/index.js");
window.ready = true;
