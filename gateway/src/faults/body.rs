//! A request's body on its way in: counted, slowed down, broken off.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

use super::answer::BoxError;
use super::log::Entry;

/// Longest time between two pieces of a body that is slowed down.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// The body as the gateway gets it.
pub(super) struct Incoming {
    inner: Body,
    entry: Option<Arc<Entry>>,
    /// Bytes a second.
    rate: Option<u64>,
    pause: Option<Pin<Box<Sleep>>>,
    /// Bytes until it breaks off.
    left: Option<u64>,
}

impl Incoming {
    /// `inner`, counted in `entry`, at most so many bytes a second, and only so many of them.
    pub fn new(inner: Body, entry: Option<Arc<Entry>>, rate: Option<u64>, most: Option<u64>) -> Self {
        Self { inner, entry, rate, pause: None, left: most }
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if self.left == Some(0) {
            return Poll::Ready(Some(Err("broken off on demand".into())));
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame.map(|frame| frame.map_err(Into::into))) };
        let Ok(mut data) = frame.into_data() else { return Poll::Ready(None) };
        if let Some(left) = &mut self.left {
            data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= data.len() as u64;
        }
        let bytes = data.len() as u64;
        if let Some(entry) = &self.entry {
            entry.received(bytes);
        }
        if let Some(rate) = self.rate {
            let millis = bytes.saturating_mul(1000) / rate.max(1);
            self.pause = Some(Box::pin(tokio::time::sleep(Duration::from_millis(millis).min(LONGEST_PAUSE))));
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
