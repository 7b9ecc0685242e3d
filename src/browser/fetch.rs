//! Requests through `fetch`.

use super::Boxed;
use super::fetched::Fetched;
use super::property::{call, get};
use super::reader::Unread;
use super::transport::{Outgoing, retry_after};
use super::wall_clock;
use crate::engine::Outcome;
use crate::protocol::{Method, Response, is_success};
use gloo_net::http::{Headers, RequestBuilder};
use js_sys::Array;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestRedirect};

#[wasm_bindgen]
extern "C" {
    /// gloo-net's own call panics where a page has put another function in place of `fetch` and that one gives no
    /// `Response`. Such a function may also throw, or give no promise.
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(request: &web_sys::Request) -> Result<JsValue, JsValue>;
}

/// Aborts a `fetch` when it is dropped; one that has ended does not mind.
pub struct Abort(AbortController);

impl Abort {
    /// Something to abort by. `None` in a browser that cannot abort anything.
    pub fn new() -> Option<Self> {
        AbortController::new().ok().map(Self)
    }

    /// The signal for the request.
    pub fn signal(&self) -> AbortSignal {
        get(&self.0, "signal").unchecked_into()
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        // A page's own may throw.
        let _ = call(&self.0, "abort", &Array::new());
    }
}

/// Sends `outgoing` until it is answered. `moved` hears how many bytes of the answer came.
pub fn send(outgoing: Outgoing, moved: Option<Rc<dyn Fn(u64)>>) -> Boxed<'static, Outcome> {
    Box::pin(async move {
        let cap = outgoing.cap;
        let Some(abort) = Abort::new() else { return Outcome::NoResponse };
        let url = outgoing.url.clone();
        let Some(request) = request(outgoing, &abort) else { return Outcome::NoResponse };
        let Some(response) = Fetched::of(fetch(&request)).await else { return Outcome::NoResponse };
        let received_at = wall_clock();
        let status = response.status;
        if response.is_from_elsewhere(&url) {
            return Outcome::Redirected { status };
        }
        let mut body = Vec::new();
        if is_success(status) {
            let taken = response.read(|chunk| {
                let fits = body.len() + chunk.length() as usize <= cap;
                if fits {
                    body.extend_from_slice(&chunk.to_vec());
                    if let Some(moved) = &moved {
                        moved(body.len() as u64);
                    }
                }
                fits
            });
            match taken.await {
                Ok(()) => {}
                Err(Unread::Broken) => return Outcome::NoResponse,
                Err(Unread::TooLong) => return Outcome::TooLong,
            }
        }
        Outcome::Response(Response {
            status,
            retry_after: retry_after(response.header("Retry-After")),
            announced: response.header("Content-Length").and_then(|length| length.parse().ok()),
            body,
            received_at,
        })
    })
}

fn request(outgoing: Outgoing, abort: &Abort) -> Option<web_sys::Request> {
    // gloo-net panics where a page broke these.
    web_sys::Headers::new().ok()?;
    let headers = Headers::new();
    for (name, value) in &outgoing.headers {
        headers.set(name, value);
    }
    // A followed redirect would carry the API key and the file to another origin.
    let builder = RequestBuilder::new(&outgoing.url)
        .method(match outgoing.method {
            Method::Get => gloo_net::http::Method::GET,
            Method::Post => gloo_net::http::Method::POST,
            Method::Put => gloo_net::http::Method::PUT,
            Method::Delete => gloo_net::http::Method::DELETE,
        })
        .headers(headers)
        .redirect(RequestRedirect::Error)
        .credentials(RequestCredentials::Omit)
        .cache(RequestCache::NoStore)
        .referrer_policy(ReferrerPolicy::NoReferrer)
        .abort_signal(Some(&abort.signal()));
    let request = if outgoing.body.is_undefined() { builder.build() } else { builder.body(outgoing.body) };
    request.ok().map(Into::into)
}
