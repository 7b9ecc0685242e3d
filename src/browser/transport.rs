//! What a transport is: something that sends one request once.

use super::Boxed;
use crate::protocol::{Failure, Method};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

/// A request as it goes out.
pub struct Outgoing {
    /// The whole URL.
    pub url: String,
    /// The method.
    pub method: Method,
    /// Every header, each checked to be one.
    pub headers: Vec<(&'static str, String)>,
    /// A string, `Blob` or `ArrayBuffer`, or undefined.
    pub body: JsValue,
    /// Most bytes of the answer worth reading.
    pub cap: usize,
}

/// An answer, whatever its status.
pub struct Incoming {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, in milliseconds.
    pub retry_after: Option<u64>,
    /// How long the body was announced to be, as it was sent.
    pub announced: Option<u64>,
    /// The body of a success; of a failure nothing is read.
    pub body: Vec<u8>,
}

/// Sends one request once. `moved` hears how many bytes of the body went out so far, or else of the answer came.
pub trait Transport {
    /// Sends `outgoing` until answered, or until `signal` is aborted.
    fn send<'a>(
        &'a self,
        outgoing: Outgoing,
        signal: &'a AbortSignal,
        moved: Rc<dyn Fn(u64)>,
    ) -> Boxed<'a, Result<Incoming, Failure>>;
}

/// The method's name.
pub fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    }
}

/// Whether the status is one of success.
pub fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Whether the connection broke within the body. WebKit (libsoup) reports such a body as complete. A compressed body
/// may be complete although it is shorter than announced, but then it is JSON.
pub fn is_cut_short(incoming: &Incoming) -> bool {
    incoming.announced.is_some_and(|announced| (incoming.body.len() as u64) < announced)
        && serde_json::from_slice::<serde::de::IgnoredAny>(&incoming.body).is_err()
}

/// Milliseconds that a `Retry-After` header asks to wait: seconds or an HTTP date (RFC 9110 section 10.2.3).
pub fn retry_after(header: Option<String>) -> Option<u64> {
    let header = header?;
    if let Ok(seconds) = header.trim().parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let millis = js_sys::Date::parse(&header) - super::wall_clock();
    // The cast makes 0 of what is past; NaN is no date and says nothing.
    (!millis.is_nan()).then_some(millis as u64)
}
