//! One request, sent once.

use super::body::{self, PartSource};
use super::property::{dictionary, set};
use super::{Boxed, fetch, wall_clock, xhr};
use crate::engine::Outcome;
use crate::protocol::Method;
use js_sys::Object;
use std::rc::Rc;
use wasm_bindgen::JsValue;

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

impl Outgoing {
    /// The method, by gloo-net. Its requests are none of ours: they panic where a page broke `Headers` or `Request`.
    pub fn method(&self) -> gloo_net::http::Method {
        match self.method {
            Method::Get => gloo_net::http::Method::GET,
            Method::Post => gloo_net::http::Method::POST,
            Method::Put => gloo_net::http::Method::PUT,
            Method::Delete => gloo_net::http::Method::DELETE,
        }
    }

    /// The headers as an object.
    pub fn headers(&self) -> Object {
        let headers = dictionary();
        for (name, value) in &self.headers {
            set(&headers, name, &JsValue::from_str(value));
        }
        headers
    }
}

/// Sends `outgoing` once, with the bytes of `part` if it carries one. `moved` hears how many bytes of the part went
/// out so far if `report` is set, and how many bytes of any other answer came.
///
/// `XMLHttpRequest` alone can tell how far a body is, but many parts go out quicker through `fetch`.
pub fn send(
    mut outgoing: Outgoing,
    part: Option<PartSource>,
    report: bool,
    moved: Rc<dyn Fn(u64)>,
) -> Boxed<'static, Outcome> {
    Box::pin(async move {
        let has_fetch = fetch::is_here() || !xhr::is_here();
        let Some(part) = part else {
            return if has_fetch {
                fetch::send(outgoing, Some(moved)).await
            } else {
                // That it may hear how far a body went, not an answer, makes no difference to a short one.
                xhr::send(outgoing, Rc::new(|_| {})).await
            };
        };
        let Some(bytes) = body::part_body(&part).await else { return Outcome::Unreadable };
        outgoing.body = bytes;
        if report && xhr::is_here() || !has_fetch {
            xhr::send(outgoing, moved).await
        } else {
            fetch::send(outgoing, None).await
        }
    })
}

/// Milliseconds that a `Retry-After` header asks to wait.
pub fn retry_after(header: Option<String>) -> Option<u64> {
    crate::protocol::retry_after(&header?, wall_clock(), |date| {
        Some(js_sys::Date::parse(date)).filter(|millis| !millis.is_nan())
    })
}
