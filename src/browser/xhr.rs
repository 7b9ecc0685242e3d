//! Requests through `XMLHttpRequest`, which tells how far a body went.

use super::deferred::Deferred;
use super::native::bytes;
use super::property::{get, has_global, set};
use super::redirect::is_elsewhere;
use super::service::API_KEY;
use super::transport::{Outgoing, retry_after};
use super::{Boxed, Listener, fetch, wall_clock};
use crate::engine::Outcome;
use crate::protocol::{Response, is_success};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Event, XmlHttpRequest};

/// Whether there is one: a service worker has none.
pub fn is_here() -> bool {
    has_global("XMLHttpRequest")
}

/// Aborts the request when it is dropped; one that has ended does not mind.
struct Abort(XmlHttpRequest);

impl Drop for Abort {
    fn drop(&mut self) {
        let _ = self.0.abort();
    }
}

/// Sends `outgoing` until it is answered. `moved` hears how many bytes of the body went out.
pub fn send(outgoing: Outgoing, moved: Rc<dyn Fn(u64)>) -> Boxed<'static, Outcome> {
    Box::pin(async move {
        let opened = open(&outgoing).and_then(|xhr| Ok((xhr.upload()?, xhr))).ok();
        let tells = |upload: &JsValue| get(upload, "addEventListener").is_function();
        let Some((upload, xhr)) = opened.filter(|(upload, _)| tells(upload)) else {
            // Nothing was sent by one that a page broke.
            return fetch::send(outgoing, None).await;
        };
        // Dropped last, so that an abort tells no listener.
        let _abort = Abort(xhr.clone());
        let (ended, too_long) = (Deferred::new(), Rc::new(Cell::new(false)));
        let _answering = Answering::new(&xhr, &ended);
        let heard = [
            Listener::checked(&xhr, "loadend", {
                let ended = ended.clone();
                move |_| ended.resolve(&JsValue::UNDEFINED)
            }),
            Listener::checked(&upload, "progress", move |event| moved(loaded(&event))),
            Listener::checked(&xhr, "progress", {
                let (xhr, too_long) = (xhr.clone(), Rc::clone(&too_long));
                move |event| {
                    if loaded(&event) > outgoing.cap as u64 {
                        too_long.set(true);
                        let _ = xhr.abort();
                    }
                }
            }),
        ];
        if heard.iter().any(|(_, taken)| !taken) {
            return fetch::send(outgoing, None).await;
        }
        // A buffer is handed over as it is, too.
        if xhr.send_with_opt_blob(Some(outgoing.body.unchecked_ref::<Blob>())).is_err() {
            return fetch::send(outgoing, None).await;
        }
        let _ = JsFuture::from(ended.promise()).await;
        if too_long.get() { Outcome::TooLong } else { outcome(&xhr, &outgoing) }
    })
}

/// The properties by which it tells of its end, too: a page's own may know no other way. They are emptied when this is
/// dropped.
struct Answering {
    xhr: XmlHttpRequest,
    _told: [Closure<dyn FnMut()>; 2],
}

/// What is called when it is over, and when it may be.
const OVER: [&str; 4] = ["onload", "onerror", "onabort", "ontimeout"];
const CHANGED: &str = "onreadystatechange";

impl Answering {
    fn new(xhr: &XmlHttpRequest, ended: &Deferred) -> Self {
        let (over, changed) = (ended.clone(), ended.clone());
        let over = Closure::<dyn FnMut()>::new(move || over.resolve(&JsValue::UNDEFINED));
        let asked = xhr.clone();
        let changed = Closure::<dyn FnMut()>::new(move || {
            if get(&asked, "readyState") == 4 {
                changed.resolve(&JsValue::UNDEFINED);
            }
        });
        OVER.iter().for_each(|name| set(xhr, name, over.as_ref()));
        set(xhr, CHANGED, changed.as_ref());
        Self { xhr: xhr.clone(), _told: [over, changed] }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        OVER.iter().chain([&CHANGED]).for_each(|name| set(&self.xhr, name, &JsValue::NULL));
    }
}

fn open(outgoing: &Outgoing) -> Result<XmlHttpRequest, JsValue> {
    let xhr = XmlHttpRequest::new()?;
    xhr.open(outgoing.method().as_str(), &outgoing.url)?;
    let (kind, wanted) = ("responseType", JsValue::from_str("arraybuffer"));
    set(&xhr, kind, &wanted);
    if get(&xhr, kind) != wanted {
        return Err(wanted);
    }
    // It follows a redirect before anybody can look, and takes its headers along.
    for (name, value) in outgoing.headers.iter().filter(|(name, _)| *name != API_KEY) {
        xhr.set_request_header(name, value)?;
    }
    Ok(xhr)
}

fn outcome(xhr: &XmlHttpRequest, outgoing: &Outgoing) -> Outcome {
    let status = xhr.status().unwrap_or(0);
    if status == 0 {
        return Outcome::NoResponse;
    }
    // It follows redirects unasked; what answered is then not the service that was trusted with the file.
    if is_elsewhere(&outgoing.url, get(xhr, "responseURL").as_string().as_deref()) {
        return Outcome::Redirected { status };
    }
    let mut body = Vec::new();
    if is_success(status) {
        let Some(answer) = xhr.response().ok().and_then(|response| bytes(&response)) else {
            return Outcome::NoResponse;
        };
        if answer.length() as usize > outgoing.cap {
            return Outcome::TooLong;
        }
        body = answer.to_vec();
    }
    let retry_after = if is_success(status) { None } else { retry_after(header(xhr, "retry-after")) };
    let announced = xhr.get_response_header("Content-Length").ok().flatten();
    let announced = announced.and_then(|length| length.parse().ok());
    Outcome::Response(Response { status, retry_after, announced, body, received_at: wall_clock() })
}

/// A header, looked up among those the page may see: asking for one that CORS hides makes browsers complain on the
/// console.
fn header(xhr: &XmlHttpRequest, name: &str) -> Option<String> {
    let headers = xhr.get_all_response_headers().ok()?;
    let mut lines = headers.as_bytes().split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        value.strip_prefix(b":").filter(|_| found.eq_ignore_ascii_case(name.as_bytes()))
    })?;
    String::from_utf8(value.trim_ascii().to_vec()).ok()
}

fn loaded(event: &Event) -> u64 {
    get(event, "loaded").as_f64().unwrap_or_default() as u64
}
