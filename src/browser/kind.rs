//! What a message says of a value from outside.

use super::native::is_blob;
use js_sys::Array;
use wasm_bindgen::JsValue;

/// What kind of value this is, for a message: never the value, which may be secret.
pub fn kind(value: &JsValue) -> String {
    if value.is_null() {
        "null".to_owned()
    } else if Array::is_array(value) {
        "an array".to_owned()
    } else if is_blob(value) {
        "a Blob".to_owned()
    } else if value.is_string() {
        let empty = value.as_string().is_some_and(|text| text.is_empty());
        if empty { "an empty string".to_owned() } else { "a string".to_owned() }
    } else if let Some(number) = value.as_f64() {
        // Numbers are sizes, counts and times: no secrets. JavaScript formats them for free.
        let digits = js_sys::Number::from(number).to_string_with_radix(10).unwrap_or_default();
        ["the number ", &String::from(digits)].concat()
    } else {
        match value.js_typeof().as_string().as_deref() {
            Some("object") => "an object".to_owned(),
            Some("undefined") | None => "undefined".to_owned(),
            Some(other) => ["a ", other].concat(),
        }
    }
}
