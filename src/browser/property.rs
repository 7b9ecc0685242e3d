//! Properties of JavaScript's objects.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The property `key` of `object`: undefined if it has none, or is no object.
pub fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED)
}

/// Whether this global scope has `name`: not every browser, and not every worker, has everything.
pub fn has_global(name: &str) -> bool {
    !get(&js_sys::global(), name).is_undefined()
}

/// Sets the property `key`, unless the object, which a page may have made, does not take it.
pub fn set(object: &JsValue, key: &str, value: &JsValue) {
    let _ = Reflect::set(object, &JsValue::from_str(key), value);
}

/// Calls the method `name` of `object`; one that is not there throws.
pub fn call(object: &JsValue, name: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    Reflect::apply(get(object, name).unchecked_ref::<Function>(), object, arguments)
}
