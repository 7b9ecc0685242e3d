//! A request's body with deadlines: it may neither stand still nor drip, and what is refused can be thrown away.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep};

use crate::error::ApiError;

/// How slow a body may be.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Longest wait for the next bytes, and the stretch of waiting after which the rate is judged.
    pub patience: Duration,
    /// Least bytes a second, counted over the time spent waiting for the client.
    pub min_rate: u64,
}

/// Why a body ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// It stood still or dripped.
    #[error("the body came too slowly")]
    Slow,
    /// The connection ended, or the framing was wrong.
    #[error("the body was cut")]
    Cut,
}

impl Pace {
    /// Whether so many bytes in so much time are enough.
    pub fn allows(self, bytes: u64, time: Duration) -> bool {
        u128::from(bytes) >= u128::from(self.min_rate) * time.as_millis() / 1000
    }
}

struct Metered {
    inner: Body,
    pace: Pace,
    alarm: Pin<Box<Sleep>>,
    waiting_since: Option<Instant>,
    waited: Duration,
    moved: u64,
    asked: bool,
    ended: bool,
    broken: Option<Broken>,
}

/// A body that two hold: the handler, which reads it, and the layer, which throws away what the handler left.
#[derive(Clone)]
pub(crate) struct PacedBody(Arc<Mutex<Metered>>);

impl PacedBody {
    /// `body` at the given pace. Time spent without asking for it does not count against the client.
    pub fn new(body: Body, pace: Pace) -> Self {
        Self(Arc::new(Mutex::new(Metered {
            ended: body.is_end_stream(),
            inner: body,
            pace,
            alarm: Box::pin(tokio::time::sleep(pace.patience)),
            waiting_since: None,
            waited: Duration::ZERO,
            moved: 0,
            asked: false,
            broken: None,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Metered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is left to read.
    pub fn ended(&self) -> bool {
        self.lock().ended
    }

    /// Whether any of it was asked for.
    pub fn asked(&self) -> bool {
        self.lock().asked
    }

    /// Whether it came too slowly, or was cut.
    pub fn broken(&self) -> bool {
        self.lock().broken.is_some()
    }

    /// Reads the rest and throws it away: about `limit` bytes at most, which it counts down, with no wait for the next
    /// ones longer than `gap`. Gives whether that was all.
    pub async fn drain(&mut self, limit: &mut u64, gap: Duration) -> bool {
        while !self.ended() {
            if *limit == 0 {
                return false;
            }
            match tokio::time::timeout(gap, self.frame()).await {
                Ok(Some(Ok(frame))) => {
                    *limit = limit.saturating_sub(frame.data_ref().map_or(0, |data| data.len() as u64));
                }
                Ok(Some(Err(_))) | Err(_) => return false,
                Ok(None) => return true,
            }
        }
        true
    }
}

impl Metered {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.asked = true;
        if let Some(broken) = self.broken {
            return Poll::Ready(Some(Err(broken)));
        }
        let now = Instant::now();
        let polled = match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Pending => {
                if self.waiting_since.is_none() {
                    self.waiting_since = Some(now);
                    self.alarm.as_mut().reset(now + self.pace.patience);
                }
                if self.alarm.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                Some(Err(Broken::Slow))
            }
            Poll::Ready(None) => {
                self.ended = true;
                None
            }
            Poll::Ready(Some(Err(_))) => Some(Err(Broken::Cut)),
            Poll::Ready(Some(Ok(frame))) => {
                self.waited += self.waiting_since.take().map_or(Duration::ZERO, |since| now - since);
                self.moved += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.ended = self.inner.is_end_stream();
                if self.ended || self.fast_enough() { Some(Ok(frame)) } else { Some(Err(Broken::Slow)) }
            }
        };
        if let Some(Err(broken)) = polled {
            self.broken = Some(broken);
        }
        Poll::Ready(polled)
    }

    /// Judges the rate once enough time was spent waiting, then begins to count anew.
    fn fast_enough(&mut self) -> bool {
        if self.waited < self.pace.patience {
            return true;
        }
        let fast = self.pace.allows(self.moved, self.waited);
        self.waited = Duration::ZERO;
        self.moved = 0;
        fast
    }
}

impl http_body::Body for PacedBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.lock().poll(context)
    }

    fn is_end_stream(&self) -> bool {
        self.ended()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().inner.size_hint()
    }
}

/// The next bytes of a body; nothing at its clean end.
///
/// # Errors
/// 408 where it came too slowly, 400 where it was cut.
pub(crate) async fn next(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                return Err(match error.into_inner().downcast_ref() {
                    Some(Broken::Slow) => ApiError::slow(),
                    _ => ApiError::new(StatusCode::BAD_REQUEST, "IncompleteBody", "The body ended before its end.")
                        .closing(),
                });
            }
        }
    }
}

/// The length that the request declares for its body.
pub(crate) fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a JSON body of at most `limit` bytes.
///
/// # Errors
/// 415 where it is not declared as JSON, which keeps foreign pages from sending it without asking (CORS);
/// 413 where it is longer; 400 where it is not what `T` wants.
pub(crate) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
) -> Result<T, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        let message = "The body must be sent as application/json.";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "InvalidRequest", message));
    }
    let too_long = || ApiError::too_large("The JSON is longer than this call takes.");
    if declared(headers).is_some_and(|length| length > limit as u64) {
        return Err(too_long());
    }
    let mut text = Vec::new();
    while let Some(data) = next(&mut body).await? {
        if text.len() + data.len() > limit {
            return Err(too_long());
        }
        text.extend_from_slice(&data);
    }
    // serde's message may quote the body: only where it stumbled is told.
    serde_json::from_slice(&text).map_err(|error| {
        let problem = match error.classify() {
            serde_json::error::Category::Data => "a field is missing, of a wrong type or out of range",
            _ => "it is not JSON",
        };
        let message = format!("The body cannot be read: {problem} (line {}, column {}).", error.line(), error.column());
        ApiError::new(StatusCode::BAD_REQUEST, "MalformedJSON", message)
    })
}
