//! Requests through `XMLHttpRequest`, which tells how far a body went.

use super::fetch::{connection_failed, too_long};
use super::transport::{Incoming, Outgoing, Transport, is_success, method_name, retry_after};
use super::{Boxed, Listener};
use crate::protocol::Failure;
use js_sys::{ArrayBuffer, Promise, Uint8Array};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, Event, ProgressEvent, XmlHttpRequest, XmlHttpRequestResponseType};

/// Sends through `XMLHttpRequest`.
pub struct Xhr;

impl Xhr {
    /// Whether there is one: a service worker has none.
    pub fn is_here() -> bool {
        js_sys::Reflect::has(&js_sys::global(), &JsValue::from_str("XMLHttpRequest")).unwrap_or(false)
    }
}

impl Transport for Xhr {
    fn send<'a>(
        &'a self,
        outgoing: Outgoing,
        signal: &'a AbortSignal,
        moved: Rc<dyn Fn(u64)>,
    ) -> Boxed<'a, Result<Incoming, Failure>> {
        Box::pin(exchange(outgoing, signal, moved))
    }
}

async fn exchange(outgoing: Outgoing, signal: &AbortSignal, moved: Rc<dyn Fn(u64)>) -> Result<Incoming, Failure> {
    let xhr = open(&outgoing).map_err(|_| connection_failed())?;
    let (cap, long) = (outgoing.cap, Rc::new(Cell::new(false)));

    let mut resolve = None;
    let ended = Promise::new(&mut |done, _| resolve = Some(done));
    let upload = xhr.upload().map_err(|_| connection_failed())?;
    let _listeners = [
        Listener::new(&xhr, "loadend", move |_| {
            if let Some(resolve) = &resolve {
                let _ = resolve.call0(&JsValue::UNDEFINED);
            }
        }),
        Listener::new(&upload, "progress", move |event| moved(loaded(&event))),
        Listener::new(&xhr, "progress", {
            let (xhr, long) = (xhr.clone(), Rc::clone(&long));
            move |event| {
                if loaded(&event) > cap as u64 {
                    long.set(true);
                    let _ = xhr.abort();
                }
            }
        }),
        Listener::new(signal, "abort", {
            let xhr = xhr.clone();
            move |_| {
                let _ = xhr.abort();
            }
        }),
    ];
    let sent = match outgoing.body.dyn_ref::<Blob>() {
        Some(blob) => xhr.send_with_opt_blob(Some(blob)),
        None => xhr.send_with_opt_buffer_source(outgoing.body.dyn_ref()),
    };
    if signal.aborted() || sent.is_err() {
        return Err(connection_failed());
    }
    let _ = JsFuture::from(ended).await;
    if long.get() {
        return Err(too_long());
    }
    incoming(&xhr, &outgoing)
}

fn open(outgoing: &Outgoing) -> Result<XmlHttpRequest, JsValue> {
    let xhr = XmlHttpRequest::new()?;
    xhr.open(method_name(outgoing.method), &outgoing.url)?;
    xhr.set_response_type(XmlHttpRequestResponseType::Arraybuffer);
    for (name, value) in &outgoing.headers {
        xhr.set_request_header(name, value)?;
    }
    Ok(xhr)
}

fn incoming(xhr: &XmlHttpRequest, outgoing: &Outgoing) -> Result<Incoming, Failure> {
    let status = xhr.status().unwrap_or(0);
    if status == 0 {
        return Err(connection_failed());
    }
    // It follows redirects unasked; what answered is then not the service that was trusted with the file.
    if xhr.response_url() != outgoing.url {
        let failure = Failure::protocol("it came from another address, after a redirect");
        return Err(Failure { status: Some(status), ..failure });
    }
    let mut body = Vec::new();
    if is_success(status)
        && let Some(buffer) = xhr.response().ok().and_then(|response| response.dyn_into::<ArrayBuffer>().ok())
    {
        if buffer.byte_length() as usize > outgoing.cap {
            return Err(too_long());
        }
        body = Uint8Array::new(&buffer).to_vec();
    }
    let retry_after = if is_success(status) { None } else { retry_after(header(xhr, "retry-after")) };
    let announced = xhr.get_response_header("Content-Length").ok().flatten();
    let announced = announced.and_then(|length| length.parse().ok());
    Ok(Incoming { status, retry_after, announced, body })
}

/// A header, looked up among those the page may see: asking for one that CORS hides makes browsers complain on the
/// console.
fn header(xhr: &XmlHttpRequest, name: &str) -> Option<String> {
    let headers = xhr.get_all_response_headers().ok()?;
    let mut lines = headers.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

fn loaded(event: &Event) -> u64 {
    event.dyn_ref::<ProgressEvent>().map_or(0, |event| event.loaded() as u64)
}
