//! Doing to one request what its rule says.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::service::Service;

use super::body::Incoming;
use super::log::Entry;
use super::rule::{Act, Drop, Hang};
use super::{Faults, Refusal, answer};
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

/// Lets `router` answer the request as far as `act` allows.
pub(super) async fn perform<S>(
    act: &Act,
    router: &S,
    faults: &Faults,
    entry: Option<Arc<Entry>>,
    mut request: Request<Body>,
) -> Result<Response<Body>, Dropped>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
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
    if act.disk_full {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        request.extensions_mut().insert(Refusal(ApiError::from(error)));
    }
    let half = (act.drop == Some(Drop::Middle)).then(|| request.body().size_hint().lower() / 2);
    let counted = entry.clone();
    let request = request.map(|body| Body::new(Incoming::new(body, counted, act.throttle, half)));
    let head = answer::Asked { preflight: *request.method() == Method::OPTIONS, origin: answer::origin(&request) };
    let real = if !act.invents() || act.forward {
        let Ok(real) = router.call(request).await;
        if let Some(entry) = &entry {
            entry.acted(real.status());
        }
        Some(real)
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
    let mut response = match real {
        Some(real) if !act.invents() => match &act.rewrite_json {
            Some(patch) => answer::rewrite(real, patch).await,
            None => real,
        },
        _ => answer::invent(act, &head),
    };
    answer::set_headers(response.headers_mut(), act);
    if act.hang == Some(Hang::Headers) {
        return Ok(response.map(|_| answer::never()));
    }
    Ok(match act.cut_after {
        Some(bytes) => response.map(|body| answer::cut(body, bytes)),
        None => response,
    })
}

/// Reads a body to its end, or to where it breaks.
async fn drain(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}
