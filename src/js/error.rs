//! Errors as JavaScript sees them.

use crate::protocol::{Code, Failure};
use js_sys::{Array, Error, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, DomException};

/// A `PartwayError` for `failure`.
pub fn partway_error(failure: &Failure) -> JsValue {
    let error = Error::new(&failure.message);
    error.set_name("PartwayError");
    let set = |key: &str, value: JsValue| {
        // A fresh object takes every property.
        let _ = Reflect::set(&error, &JsValue::from_str(key), &value);
    };
    set("code", failure.code.as_str().into());
    set("retryable", failure.is_retryable().into());
    if let Some(status) = failure.status {
        set("status", status.into());
    }
    error.into()
}

/// The platform's `AbortError`.
pub fn abort_error() -> JsValue {
    DomException::new_with_message_and_name("The operation was aborted.", "AbortError")
        .map_or_else(JsValue::from, JsValue::from)
}

/// A `PartwayError` that says that option `key` is wrong.
pub fn invalid_option(key: &str, must: &str, given: &JsValue) -> JsValue {
    partway_error(&Failure::new(Code::InvalidOption, format!("{key}: {must}, but it is {}.", kind(given))))
}

/// The bucket was closed.
pub fn closed() -> JsValue {
    partway_error(&Failure::new(Code::Closed, "The bucket was closed; open it again."))
}

/// What kind of value this is, for a message: never the value, which may be secret.
pub fn kind(value: &JsValue) -> String {
    if value.is_null() {
        "null".to_owned()
    } else if Array::is_array(value) {
        "an array".to_owned()
    } else if value.has_type::<Blob>() {
        "a Blob".to_owned()
    } else if value.is_string() {
        let empty = value.as_string().is_some_and(|text| text.is_empty());
        if empty { "an empty string".to_owned() } else { "a string".to_owned() }
    } else if let Some(number) = value.as_f64() {
        // Numbers are sizes, counts and times: no secrets. JavaScript formats them for free.
        format!(
            "the number {}",
            String::from(js_sys::Number::from(number).to_string_with_radix(10).unwrap_or_default())
        )
    } else {
        match value.js_typeof().as_string().as_deref() {
            Some("object") => "an object".to_owned(),
            Some("undefined") | None => "undefined".to_owned(),
            Some(other) => format!("a {other}"),
        }
    }
}
