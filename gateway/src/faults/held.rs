//! Requests that are held: read whole, then acted on later, even if the client has gone away.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use hyper::service::Service;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::act::{Dropped, Met, pass_on};
use super::rule::Act;
use super::whole::Whole;
use super::{Faults, Refusal, completes, unless_broken};
use crate::error::ApiError;

/// Whether the request is to be held. A completion is, too, while a file is joined: it may be of that file.
pub(super) fn holds(act: &Act, faults: &Faults, request: &Request<Body>) -> bool {
    let waits = act.think_ms.is_some() || act.swallow.is_some() || act.join_ms.is_some() || act.refuse_tags;
    waits || faults.joins.any() && completes(request.method(), request.uri().path())
}

/// Reads the request whole, lets the gateway act when it is time, and gives its answer; none where the gateway does not
/// act, or where the answer does not wait for it.
///
/// # Errors
/// The body breaks off, or an outage begins before the gateway has acted.
pub(super) async fn detached<S>(
    met: &Met,
    router: &S,
    faults: &Faults,
    mut request: Request<Body>,
) -> Result<Option<Response<Body>>, Dropped>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let Met { act, state, .. } = met;
    let begun = Instant::now();
    let completion = completes(request.method(), request.uri().path());
    let whole = Whole::read(request).await?;
    let completion = completion.then(|| whole.completion()).flatten();
    let mut due = Instant::now() + Duration::from_millis(act.think_ms.unwrap_or_default());
    if let Some(rate) = act.swallow {
        due = due.max(state.line.carry(begun, whole.size(), rate));
    }
    request = whole.into_request();
    let mut refuse = |error| drop(request.extensions_mut().insert(Refusal(error)));
    let mut join = None;
    if let Some(completion) = completion {
        if faults.joins.under_way(&completion.key) {
            refuse(ApiError::conflict("OperationAborted", "The file is being completed."));
        } else if act.refuse_tags && state.distrust.refuses(&completion.key, completion.tags.len() as u64) {
            refuse(ApiError::new(StatusCode::BAD_REQUEST, "InvalidPart", "A tag is not that of the stored part."));
        } else if let Some(millis) = act.join_ms {
            join = faults.joins.begin(&completion.key);
            due += join.as_ref().map_or(Duration::ZERO, |_| Duration::from_millis(millis));
        }
    }
    let acts = !act.invents() || act.forward;
    let waits = !(act.invents() && join.is_some());
    let (told, answer) = oneshot::channel();
    let (met, router) = (met.clone(), router.clone());
    tokio::spawn(unless_broken(&faults.outages, async move {
        tokio::time::sleep_until(due).await;
        let real = if acts { Some(pass_on(&met, &router, request).await) } else { None };
        if let Some(join) = join.filter(|_| real.as_ref().is_some_and(|real| real.status().is_success())) {
            join.done();
        }
        // Nobody may be there any more.
        let _ = told.send(real);
    }));
    if waits { answer.await.map_err(|_| Dropped) } else { Ok(None) }
}
