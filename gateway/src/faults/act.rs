//! Doing to one request what its rule says.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::service::Service;

use super::body::Incoming;
use super::held::{detached, holds};
use super::log::Entry;
use super::rule::{Act, Drop, Hang};
use super::socket::Reset;
use super::{Faults, PARTS, Refusal, ScenarioState, answer};
use crate::error::ApiError;

/// Longest that a connection hangs: one whose client has gone is not noticed while its body is not read.
const LONGEST_HANG: Duration = Duration::from_secs(600);

/// The connection is closed without an answer.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dropped on demand")
    }
}

impl Error for Dropped {}

/// What a request met.
#[derive(Clone, Default)]
pub(super) struct Met {
    /// What to do with it.
    pub act: Act,
    /// Where that is recorded.
    pub entry: Option<Arc<Entry>>,
    /// What the requests of its scenario share.
    pub state: Arc<ScenarioState>,
}

/// Lets `router` answer the request as far as its act allows.
pub(super) async fn perform<S>(
    met: Met,
    router: &S,
    faults: &Faults,
    reset: &Reset,
    mut request: Request<Body>,
) -> Result<Response<Body>, Dropped>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let act = &met.act;
    tokio::time::sleep(Duration::from_millis(act.delay_ms)).await;
    if act.drop == Some(Drop::Before) {
        return Err(Dropped);
    }
    if act.hang == Some(Hang::Before) {
        tokio::time::sleep(LONGEST_HANG).await;
        return Err(Dropped);
    }
    if let (Some(millis), false) = (act.restart, act.forward) {
        faults.outages.begin(Duration::from_millis(millis));
        return Err(Dropped);
    }
    let head = answer::Asked::of(&request);
    if act.early {
        reset.demand();
        return Ok(finish(answer::invent(act, &head), act, &head));
    }
    if act.disk_full {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        request.extensions_mut().insert(Refusal(ApiError::from(error)));
    }
    if let Some(range) = &act.range {
        let headers = request.headers_mut();
        headers.remove(header::RANGE);
        if let Some(range) = HeaderValue::from_str(range).ok().filter(|range| !range.is_empty()) {
            headers.insert(header::RANGE, range);
        }
    }
    let half = (act.drop == Some(Drop::Middle)).then(|| request.body().size_hint().lower() / 2);
    let counted = met.entry.clone();
    let request = request.map(|body| Body::new(Incoming::new(body, counted, act.throttle, half)));
    let real = if holds(act, faults, &request) {
        detached(&met, router, faults, request).await?
    } else if !act.invents() || act.forward {
        Some(pass_on(&met, router, request).await)
    } else {
        drain(request.into_body()).await;
        None
    };
    if let Some(millis) = act.restart {
        faults.outages.begin(Duration::from_millis(millis));
        return Err(Dropped);
    }
    if act.drop.is_some() || act.hang == Some(Hang::After) {
        if let Some(real) = real {
            drain(real.into_body()).await;
        }
        if act.hang.is_some() {
            // The body is read, so hyper notices where the client goes.
            pending::<()>().await;
        }
        return Err(Dropped);
    }
    let response = match real {
        Some(real) if !act.invents() => match &act.rewrite_json {
            Some(patch) => answer::rewrite(real, patch).await,
            None => real,
        },
        _ => answer::invent(act, &head),
    };
    let response = finish(response, act, &head);
    if act.hang == Some(Hang::Headers) {
        return Ok(response.map(|_| answer::never()));
    }
    Ok(match (act.cut_after, act.hang_after) {
        (Some(bytes), _) => response.map(|body| answer::cut(body, bytes, answer::Then::Breaks)),
        (None, Some(bytes)) => response.map(|body| answer::cut(body, bytes, answer::Then::Hangs)),
        (None, None) => response,
    })
}

/// Sets and hides headers of the answer, and makes sure that it is harmless.
fn finish(mut response: Response<Body>, act: &Act, asked: &answer::Asked) -> Response<Body> {
    answer::set_headers(response.headers_mut(), act);
    answer::hide(response.headers_mut(), act);
    answer::disarm(response.headers_mut(), asked);
    let tells_length = act.headers.keys().any(|name| name.eq_ignore_ascii_case(header::CONTENT_LENGTH.as_str()));
    if tells_length { response.map(answer::of_unknown_length) } else { response }
}

/// Lets the gateway act.
pub(super) async fn pass_on<S>(met: &Met, router: &S, request: Request<Body>) -> Response<Body>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let part = part(&request);
    let Ok(real) = router.call(request).await;
    if let Some(entry) = &met.entry {
        entry.acted(real.status());
    }
    if let Some((key, number)) = part.filter(|_| real.status().is_success()) {
        met.state.distrust.stored(&key, number);
    }
    real
}

/// The key and number of the part that the request puts.
fn part(request: &Request<Body>) -> Option<(String, u64)> {
    let text = |name: &str| request.headers().get(name)?.to_str().ok();
    let puts = *request.method() == Method::PUT && request.uri().path() == PARTS;
    puts.then_some((text("key")?.to_owned(), text("partnumber")?.parse().ok()?))
}

/// Reads a body to its end, or to where it breaks.
async fn drain(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}
