//! Errors as JavaScript sees them.

use crate::browser::{kind, set};
use crate::protocol::{Code, Failure};
use js_sys::Error;
use wasm_bindgen::prelude::*;
use web_sys::DomException;

/// A `PartwayError` for `failure`.
pub fn partway_error(failure: &Failure) -> JsValue {
    let error = Error::new(&failure.message);
    error.set_name("PartwayError");
    set(&error, "code", &failure.code.as_str().into());
    set(&error, "retryable", &failure.is_retryable().into());
    if let Some(status) = failure.status {
        set(&error, "status", &status.into());
    }
    error.into()
}

/// The platform's `AbortError`.
pub fn abort_error() -> JsValue {
    DomException::new_with_message_and_name("The operation was aborted.", "AbortError")
        .map_or_else(JsValue::from, JsValue::from)
}

/// A `PartwayError` for what this page asked for.
pub fn refused(code: Code, message: &str) -> JsValue {
    partway_error(&Failure::new(code, message.to_owned()))
}

/// A `PartwayError` that says `why` something, `what`, cannot be taken.
pub fn wrong(code: Code, what: &str, why: &str) -> JsValue {
    refused(code, &[what, why, "."].concat())
}

/// A `PartwayError` that says that option `key` is wrong.
pub fn invalid_option(key: &str, must: &str, given: &JsValue) -> JsValue {
    refused(Code::InvalidOption, &[key, ": ", must, ", but it is ", &kind(given), "."].concat())
}

/// The bucket was closed.
pub fn closed() -> JsValue {
    partway_error(&Failure::closed())
}

/// A failure as a thrown value.
pub fn thrown(failure: Failure) -> JsValue {
    partway_error(&failure)
}

/// A defect in a conversion that cannot fail.
pub fn defect(_: impl Sized) -> JsValue {
    thrown(Failure::new(Code::Protocol, "The answer could not be handed to JavaScript; this is a defect of partway."))
}
