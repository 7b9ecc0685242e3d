//! What every request passes on its way to a route, outermost first:
//!
//! 1. [`answer`]: gives the answer its request ID, turns refusals into JSON, adds the headers that all answers have;
//! 2. CORS (`cors`), so that refusals carry its headers too;
//! 3. [`check_host`]: against DNS rebinding;
//! 4. [`pace`]: deadlines of the body, and throwing away the rest of a refused one;
//! 5. the routes.
//!
//! With the feature `faults` its layer is before all of it, but for the host, which it checks too; what it makes the
//! gateway refuse is refused before 5.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::body::{Pace, PacedBody};
use crate::cors::is_loopback_host;
use crate::error::ApiError;
use crate::random;
use crate::state::Shared;

/// Longest wait for what is on its way of a refused body when the refusal is known: where that is all, the connection
/// can be used again.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// Longest wait for the next bytes of it.
const GAP: Duration = Duration::from_millis(100);
/// Longest time that the rest of a refused body is read where whoever sends it has no good token.
const FOR_STRANGERS: Duration = Duration::from_secs(3);
/// Time that a client has to see a refusal before its connection is reset.
const LINGER: Duration = Duration::from_secs(1);

/// The host, with its port, that a request is meant for.
pub(crate) fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    if let Some(authority) = uri.authority() {
        return Some(authority.clone());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?.parse().ok()?;
    hosts.next().is_none().then_some(host)
}

/// Finishes every answer.
pub(crate) async fn answer(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/v1");
    let mut response = next.run(request).await;
    let id = random::bytes::<8>().map(|id| random::hex(&id)).unwrap_or_default();
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        *response.body_mut() = Body::from(error.json(&id));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// Refuses requests for foreign hosts while the gateway listens on loopback: a page whose name was made to point here
/// would otherwise be of the same origin.
pub(crate) async fn check_host(State(app): State<Shared>, request: Request, next: Next) -> Response {
    if answers_for(&app, request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let message = "This gateway does not answer for that host.";
    ApiError::new(StatusCode::MISDIRECTED_REQUEST, "MisdirectedRequest", message).into_response()
}

/// Whether the gateway answers for the host that a request is meant for.
pub(crate) fn answers_for(app: &Shared, uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(own) = &app.loopback else { return true };
    let known = |host: &str| {
        let public = app.config.public_url.as_ref();
        is_loopback_host(host) || host == own || public.is_some_and(|url| host.eq_ignore_ascii_case(&url.host))
    };
    authority(uri, headers).is_some_and(|authority| !authority.as_str().contains('@') && known(authority.host()))
}

/// Whether a request has shown the token of a session, among its extensions.
#[derive(Clone, Default)]
pub(crate) struct Known(Arc<AtomicBool>);

impl Known {
    /// It has.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Gives the body its deadlines, and answers a refusal before the rest of the body has come.
pub(crate) async fn pace(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let config = &app.config;
    let pace = Pace { patience: config.body_timeout, min_rate: config.min_rate };
    let (mut parts, body) = request.into_parts();
    let known = Known::default();
    parts.extensions.insert(known.clone());
    let waits = parts.headers.contains_key(header::EXPECT);
    let mut body = PacedBody::new(body, pace);
    let mut response = next.run(Request::from_parts(parts, Body::new(body.clone()))).await;
    let refused = response.status().is_client_error() || response.status().is_server_error();
    if !refused || body.ended() {
        return response;
    }
    // A client that waits for "100 Continue" has sent nothing yet.
    let sends = !waits || body.asked();
    // A part of the limit is kept for the time after the answer.
    let kept = config.drain_limit / 2;
    let mut limit = config.drain_limit - kept;
    let here = sends && tokio::time::timeout(ON_ITS_WAY, body.drain(&mut limit, GAP)).await.unwrap_or(false);
    if !here {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        if sends && !body.broken() {
            let patience = if known.get() { config.body_timeout.saturating_mul(4) } else { FOR_STRANGERS };
            tokio::spawn(discard(body, limit + kept, patience));
        }
    }
    response
}

/// Reads what still comes of a refused body after the answer was sent, within bounds, and throws it away: while it is
/// held, hyper keeps the connection. A connection that closes while its client sends is reset, and
///
/// - Firefox reads while it sends, and takes the status that comes first; where the reset comes first, it reports a
///   network error;
/// - Chromium reads only when it has sent everything, or can send no more: the body must be read to its end, at the
///   client's own pace, or the status must be there long before the reset.
async fn discard(mut body: PacedBody, mut limit: u64, patience: Duration) {
    let draining = body.drain(&mut limit, patience);
    let drained = tokio::time::timeout(patience, draining).await.unwrap_or(false);
    if !drained && !body.broken() {
        tokio::time::sleep(LINGER).await;
    }
}
