//! Requests through `fetch`.

use super::Boxed;
use super::fetched::Fetched;
use super::property::{call, dictionary, get, set};
use super::reader::Unread;
use super::transport::{Outgoing, retry_after};
use super::wall_clock;
use crate::engine::Outcome;
use crate::protocol::{Response, is_success};
use js_sys::{Array, Object, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{
    AbortController, ReferrerPolicy, Request, RequestCache, RequestCredentials, RequestInit, RequestRedirect,
};

#[wasm_bindgen]
extern "C" {
    /// A page may have put another function in its place, which may throw, or give anything.
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(asked: &JsValue, init: &JsValue) -> Result<JsValue, JsValue>;
}

/// Whether there is one: a page may have taken it away.
pub fn is_here() -> bool {
    get(&js_sys::global(), "fetch").is_function()
}

/// A `fetch`, which is aborted when this is dropped; one that has ended does not mind. A page may leave nothing to
/// abort it by.
pub struct Fetch {
    controller: Option<AbortController>,
    /// WebKit forgets what aborts a request once its `Request` is garbage, and never gives its connection back.
    request: Option<Request>,
}

impl Drop for Fetch {
    fn drop(&mut self) {
        if let Some(controller) = &self.controller {
            // A page's own may throw.
            let _ = call(controller, "abort", &Array::new());
        }
    }
}

impl Fetch {
    pub fn new() -> Self {
        Self { controller: AbortController::new().ok(), request: None }
    }

    /// What every request has: no cookie, no copy kept, no word of the page, and something to abort it by.
    pub fn init(&self) -> RequestInit {
        let init: RequestInit = dictionary().unchecked_into();
        init.set_credentials(RequestCredentials::Omit);
        init.set_cache(RequestCache::NoStore);
        init.set_referrer_policy(ReferrerPolicy::NoReferrer);
        if let Some(controller) = &self.controller {
            set(&init, "signal", &get(controller, "signal"));
        }
        init
    }

    /// Calls the page's `fetch`: with a request of the browser's, unless a page broke what makes one.
    pub fn ask(&mut self, url: &str, init: &RequestInit) -> Result<JsValue, JsValue> {
        let request = || Request::new_with_str_and_init(url, init);
        let request = request().or_else(|_| {
            // A page's own signal may be none to the browser.
            set(init, "signal", &JsValue::UNDEFINED);
            request()
        });
        self.request = request.ok().filter(is_request);
        match &self.request {
            Some(request) => fetch(request, &JsValue::UNDEFINED),
            None => fetch(&JsValue::from_str(url), init),
        }
    }
}

/// Whether it is one of the browser's, of whichever frame.
fn is_request(request: &Request) -> bool {
    request.unchecked_ref::<Object>().to_string() == "[object Request]"
}

/// What is asked, as options of `fetch`.
fn options(outgoing: &Outgoing, fetch: &Fetch) -> RequestInit {
    let init = fetch.init();
    init.set_method(outgoing.method().as_str());
    init.set_headers(&outgoing.headers());
    // A followed redirect would carry the API key and the file to another origin.
    init.set_redirect(RequestRedirect::Error);
    if !outgoing.body.is_undefined() {
        init.set_body(&outgoing.body);
    }
    init
}

/// Sends `outgoing` until it is answered. `moved` hears how many bytes of the answer came.
pub fn send(outgoing: Outgoing, moved: Option<Rc<dyn Fn(u64)>>) -> Boxed<'static, Outcome> {
    Box::pin(async move {
        let cap = outgoing.cap;
        let mut fetch = Fetch::new();
        let options = options(&outgoing, &fetch);
        let asked = fetch.ask(&outgoing.url, &options);
        let Some(response) = Fetched::of(asked).await else { return Outcome::NoResponse };
        let received_at = wall_clock();
        let status = response.status;
        if response.is_from_elsewhere(&outgoing.url) {
            return Outcome::Redirected { status };
        }
        let mut body = Vec::new();
        if is_success(status) {
            let mut take = |chunk: Uint8Array| {
                let fits = body.len() + chunk.length() as usize <= cap;
                if fits {
                    body.extend_from_slice(&chunk.to_vec());
                    if let Some(moved) = &moved {
                        moved(body.len() as u64);
                    }
                }
                fits
            };
            match response.read(&mut take).await {
                // It is over: nothing of it is left to be aborted.
                Ok(()) => fetch.controller = None,
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
