//! The routes that scenarios are set and read by: for the gateway's own pages and those that a flag names, and for
//! programs, and of these only for who knows the [`word`](super::word).

use std::net::IpAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::json;
use tower_http::cors::CorsLayer;

use super::rule::Rule;
use super::{is_name, word};
use crate::body;
use crate::error::ApiError;
use crate::layers::authority;
use crate::routes::json;
use crate::state::Shared;

/// Most bytes of a list of rules.
const LIMIT: usize = 1 << 20;

/// `/faults` and what is below it.
pub(crate) fn routes(app: &Shared) -> Router<Shared> {
    Router::new()
        .route("/faults", get(list))
        .route("/faults/{scenario}", get(read).put(set))
        .layer(from_fn_with_state(app.clone(), admit))
}

/// Which pages of other origins may ask: those of the tests.
pub(crate) fn cors(app: &Shared) -> CorsLayer {
    let origins: Vec<HeaderValue> = app.config.fault_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([header::CONTENT_TYPE, word::HEADER])
}

/// Lets nobody else in.
async fn admit(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let message = if !is_from_own_page(&app, request.uri(), headers) {
        "Faults are for the gateway's own pages, and for those that --fault-origin names."
    } else if !app.faults.word.is_in(headers) {
        "The word for faults is missing or wrong."
    } else {
        return next.run(request).await;
    };
    ApiError::refused("AccessDenied", message).into_response()
}

/// Whether the request is of a page that may set faults, or of no page: browsers name the origin of every request that
/// changes something, and of every one whose answer another origin's page could read.
fn is_from_own_page(app: &Shared, uri: &Uri, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return !headers.contains_key(header::ORIGIN);
    };
    // Where the host was not checked, a name may have been made to point here; an address was not.
    let host = authority(uri, headers).filter(|authority| {
        app.loopback.is_some() || authority.host().trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
    });
    let config = &app.config;
    let named = config.fault_origins.iter().chain(config.public_url.iter().map(|url| &url.origin));
    named.cloned().chain(host.map(|host| format!("http://{host}"))).any(|own| origin.as_bytes() == own.as_bytes())
}

async fn list(State(app): State<Shared>) -> Result<Response, ApiError> {
    let names: Vec<String> = app.faults.scenarios().keys().cloned().collect();
    json(&json!({ "scenarios": names }))
}

async fn read(State(app): State<Shared>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let (rules, log) = match app.faults.scenarios().get(&name) {
        Some(scenario) => (scenario.rules.len(), scenario.log.json()),
        None => (0, json!([])),
    };
    json(&json!({ "rules": rules, "log": log }))
}

async fn set(State(app): State<Shared>, Path(name): Path<String>, mut body: Body) -> Result<StatusCode, ApiError> {
    if !is_name(&name) {
        return Err(ApiError::invalid("A scenario has a name of 1 to 64 characters: a to z, 0 to 9 and the hyphen."));
    }
    let mut text = Vec::new();
    while let Some(data) = body::next(&mut body).await? {
        if text.len() + data.len() > LIMIT {
            return Err(ApiError::too_large("These are more rules than a scenario takes."));
        }
        text.extend_from_slice(&data);
    }
    app.faults.set(&name, Rule::list(&text).map_err(ApiError::invalid)?);
    Ok(StatusCode::NO_CONTENT)
}
