//! Answers: invented, rewritten, repeated, cut short, never ending. And nothing that runs.
//!
//! An answer comes from the gateway's own origin, so what it says must never become a page, a script or a worker of
//! that origin. Of the content types that a rule may name ([`bounds`](super::bounds)) only `text/html` could: it is
//! sent where the browser says that a script asked for data (`Sec-Fetch-Dest: empty`, which no page can claim), else as
//! text. In any case the answer is not sniffed, not stored, and a document of it would be sandboxed ([`disarm`]).

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::Sleep;

use super::rule::{Act, Hidden};

/// Any error of a body.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// Bytes of one chunk of a repeated body.
const CHUNK: usize = 64 << 10;
/// How long a body that breaks off stays open, so that what it has is sent before.
const FLUSH: Duration = Duration::from_millis(200);
/// Most bytes of an answer that is rewritten.
const REWRITABLE: usize = 16 << 20;

/// What an invented answer must know of its request.
pub(super) struct Asked {
    /// Whether it is a preflight.
    pub preflight: bool,
    /// Whether a script asked for data: `fetch` or `XMLHttpRequest`.
    pub data: bool,
    /// The page it is from.
    pub origin: Option<HeaderValue>,
}

impl Asked {
    /// What `request` tells.
    pub fn of(request: &Request<Body>) -> Self {
        let header = |name: &str| request.headers().get(name);
        Self {
            preflight: *request.method() == Method::OPTIONS,
            data: header("sec-fetch-dest").is_some_and(|to| to == "empty"),
            origin: header("origin").cloned(),
        }
    }
}

/// An answer the gateway never gave. Readable by the page unless the rule says otherwise: a lie the browser hides
/// behind CORS would look like a broken network.
pub(super) fn invent(act: &Act, asked: &Asked) -> Response<Body> {
    let text = Bytes::from(act.body.clone().unwrap_or_default());
    let body = match &act.body_repeat {
        Some((again, times)) => repeated(text, Bytes::from(again.clone()), *times),
        None => Body::from(text),
    };
    let mut response = Response::new(body);
    let status = act.status.unwrap_or(if act.redirect.is_some() { 307 } else { 200 });
    *response.status_mut() = status.try_into().unwrap_or_default();
    let headers = response.headers_mut();
    if let Some(location) = act.redirect.as_deref().and_then(|url| HeaderValue::from_str(url).ok()) {
        headers.insert(header::LOCATION, location);
    }
    if !asked.preflight {
        let origin = asked.origin.clone().unwrap_or(HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("etag, retry-after"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// A real answer with `patch` merged into its JSON; one that is no JSON stays as it is.
pub(super) async fn rewrite(real: Response<Body>, patch: &Value) -> Response<Body> {
    let (mut parts, mut body) = real.into_parts();
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        bytes.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
        if bytes.len() > REWRITABLE {
            break;
        }
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(mut json) => {
            json_patch::merge(&mut json, patch);
            Response::from_parts(parts, Body::from(json.to_string()))
        }
        Err(_) => Response::from_parts(parts, Body::from(bytes)),
    }
}

/// Sets, or removes, the headers that the rule names.
pub(super) fn set_headers(headers: &mut HeaderMap, act: &Act) {
    for (name, value) in &act.headers {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        match value.as_deref().map(HeaderValue::from_str) {
            Some(Ok(value)) => drop(headers.insert(name, value)),
            _ => drop(headers.remove(name)),
        }
    }
}

/// Makes sure that nothing of an answer runs or stays. What is the gateway's own says already that it does not stay.
pub(super) fn disarm(headers: &mut HeaderMap, asked: &Asked) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let html = headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().trim_ascii_start().get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"))
    });
    if html && !asked.data {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    }
}

/// Takes from pages what the rule hides: the whole answer, or some of its headers.
pub(super) fn hide(headers: &mut HeaderMap, act: &Act) {
    if act.hide_cors {
        let cors: Vec<_> =
            headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
        cors.into_iter().for_each(|name| drop(headers.remove(name)));
    }
    if act.hide.is_empty() {
        return;
    }
    let Some(exposed) = headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS) else { return };
    let hidden = |name: &&str| act.hide.iter().any(|Hidden(hidden)| name.eq_ignore_ascii_case(hidden.as_str()));
    let names = exposed.to_str().unwrap_or_default().split(',').map(str::trim).filter(|name| !hidden(name));
    let left = names.collect::<Vec<_>>().join(", ");
    if let Some(left) = HeaderValue::from_str(&left).ok().filter(|left| !left.is_empty()) {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, left);
    }
}

/// `first`, then `again` so many times, made while it is sent: a body of a gigabyte costs no memory.
fn repeated(first: Bytes, again: Bytes, times: u64) -> Body {
    let per_chunk = (CHUNK / again.len().max(1)).max(1);
    let chunk = Bytes::from(again.repeat(per_chunk));
    Body::new(Repeated { first: Some(first), again: again.len(), per_chunk, chunk, left: times })
}

struct Repeated {
    first: Option<Bytes>,
    again: usize,
    per_chunk: usize,
    chunk: Bytes,
    left: u64,
}

impl http_body::Body for Repeated {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let now = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.per_chunk);
        if now == 0 {
            return Poll::Ready(None);
        }
        self.left -= now as u64;
        let bytes = self.chunk.slice(..now * self.again);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

/// What follows the first bytes of a body.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Then {
    Breaks,
    Hangs,
}

/// `body`, which no longer tells its length: hyper panics in debug builds where a header tells another one.
pub(super) fn of_unknown_length(body: Body) -> Body {
    cut(body, u64::MAX, Then::Breaks)
}

/// The body's first bytes; then the connection breaks, or nothing more comes.
pub(super) fn cut(body: Body, bytes: u64, then: Then) -> Body {
    Body::new(Cut { body, left: bytes, then, pause: None })
}

struct Cut {
    body: Body,
    left: u64,
    then: Then,
    pause: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.left == 0 && self.then == Then::Hangs {
            return Poll::Pending;
        }
        if self.left == 0 {
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(FLUSH)));
            return pause.as_mut().poll(context).map(|()| Some(Err("cut short on demand".into())));
        }
        let frame =
            Pin::new(&mut self.body).poll_frame(context).map(|frame| frame.map(|frame| frame.map_err(Into::into)));
        let Poll::Ready(Some(Ok(frame))) = frame else { return frame };
        let Ok(mut data) = frame.into_data() else { return Poll::Ready(None) };
        data.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= data.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

/// A body that neither comes nor ends.
pub(super) fn never() -> Body {
    Body::new(Never)
}

struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Pending
    }
}
