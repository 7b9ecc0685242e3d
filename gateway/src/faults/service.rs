//! The layer before the router.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper::service::Service;

use super::act::{self, Dropped};
use super::rule::Arrival;
use super::socket::Reset;
use super::{Refusal, split};
use crate::error::ApiError;
use crate::layers::answers_for;
use crate::session::{MemberId, Token};
use crate::state::Shared;

/// Sends requests through their scenario to the router.
#[derive(Clone)]
pub(crate) struct FaultService<S> {
    router: S,
    app: Shared,
    reset: Reset,
}

impl<S> FaultService<S> {
    /// Before `router`, on a connection that ends as `reset` says.
    pub fn new(router: S, app: Shared, reset: Reset) -> Self {
        Self { router, app, reset }
    }
}

/// What a service answers with, some day.
type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Dropped>> + Send>>;

impl<S> Service<Request<Incoming>> for FaultService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Dropped;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let Self { router, app, reset } = self.clone();
        Box::pin(async move {
            let mut response = answer(&router, &app, &reset, request.map(Body::new)).await?;
            if app.faults.any() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        })
    }
}

async fn answer<S>(
    router: &S,
    app: &Shared,
    reset: &Reset,
    mut request: Request<Body>,
) -> Result<Response<Body>, Dropped>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let path = request.uri().path().to_owned();
    // What is meant for another host gets the refusal that all of it gets, and no lie.
    let known = answers_for(app, request.uri(), request.headers());
    let Some((name, rest)) = split(&path).filter(|_| known) else {
        let Ok(response) = router.call(request).await;
        return Ok(response);
    };
    if let Some(uri) = with_path(request.uri(), rest) {
        *request.uri_mut() = uri;
    }
    let (method, headers) = (request.method(), request.headers());
    let token_age = member(headers).and_then(|member| app.faults.token_age(member));
    let met = app.faults.arrived(name, &Arrival { method, path: rest, headers, token_age });
    let entry = met.entry.clone();
    if met.act.expire_tokens {
        expire(app, request.headers()).await;
    }
    if met.act.refuse_tokens_ms.is_some() {
        request.extensions_mut().insert(Refusal(ApiError::token()));
    }
    if member(request.headers()).is_some_and(|member| app.faults.is_expired(member)) {
        request.extensions_mut().insert(Refusal(ApiError::token()));
        if let Some(entry) = &entry {
            entry.met("expired-token");
        }
    }
    let response = act::perform(met, router, &app.faults, reset, request).await?;
    if let Some(entry) = entry {
        entry.answered(response.status());
    }
    Ok(response)
}

/// `uri` with another path.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let text = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

fn token(headers: &HeaderMap) -> Option<Token> {
    Token::parse(headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?.1)
}

fn member(headers: &HeaderMap) -> Option<MemberId> {
    Some(token(headers)?.member)
}

/// Ends the tokens of everyone who is now in the session that the request is of.
async fn expire(app: &Shared, headers: &HeaderMap) {
    let Some(token) = token(headers) else { return };
    if let Ok(access) = app.store.access(token).await {
        let ids = access.users.iter().filter_map(|user| crate::random::from_hex(&user.id));
        app.faults.expire(ids.map(MemberId));
    }
}
