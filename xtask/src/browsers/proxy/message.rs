//! Answers and their bodies: streamed, invented, repeated, cut short.
use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Response,
    body::{Bytes, Frame},
    header::{self, HeaderValue},
};
use serde_json::Value;
use tokio::time::Sleep;

/// Any error of a body.
pub type BoxError = Box<dyn Error + Send + Sync>;
/// A body, whatever it comes from.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Bytes of one chunk of a repeated body.
const CHUNK: usize = 64 << 10;
/// How long a body that breaks off stays open, so that what it has is sent before.
const FLUSH: Duration = Duration::from_millis(200);

/// Any body as ours.
pub fn full<B>(body: B) -> Body
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// An answer of the proxy's own routes: JSON that a page of any origin may read.
#[must_use]
pub fn control(status: u16, json: &Value) -> Response<Body> {
    let mut response = Response::new(full(Full::from(json.to_string())));
    *response.status_mut() = status.try_into().unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
    ] {
        headers.insert(name, HeaderValue::from_static("*"));
    }
    response
}

/// Header names, sorted; never values.
#[must_use]
pub fn header_names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<String> = headers.keys().map(ToString::to_string).collect();
    names.sort();
    names
}

/// `first`, then `again` so many times, made while it is sent: a body of a gigabyte costs no memory.
#[must_use]
pub fn repeated(first: Bytes, again: Bytes, times: u64) -> Body {
    let per_chunk = (CHUNK / again.len().max(1)).max(1);
    let chunk = Bytes::from(again.repeat(per_chunk));
    full(Repeated { first: Some(first), again: again.len(), per_chunk, chunk, left: times })
}

struct Repeated {
    first: Option<Bytes>,
    again: usize,
    per_chunk: usize,
    chunk: Bytes,
    left: u64,
}

impl hyper::body::Body for Repeated {
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

/// The body's first bytes; then the connection breaks.
#[must_use]
pub fn cut(body: Body, bytes: u64) -> Body {
    full(Cut { body, left: bytes, pause: None })
}

struct Cut {
    body: Body,
    left: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

impl hyper::body::Body for Cut {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.left == 0 {
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(FLUSH)));
            return pause.as_mut().poll(context).map(|()| Some(Err("cut short on demand".into())));
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let Poll::Ready(Some(Ok(frame))) = frame else { return frame };
        let Ok(mut data) = frame.into_data() else { return Poll::Ready(None) };
        data.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= data.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}
