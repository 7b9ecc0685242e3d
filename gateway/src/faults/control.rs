//! The routes that scenarios are set and read by.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use super::is_name;
use super::rule::Rule;
use crate::body;
use crate::error::ApiError;
use crate::routes::json;
use crate::state::Shared;

/// Most bytes of a list of rules.
const LIMIT: usize = 1 << 20;

/// `/faults` and what is below it.
pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/faults", get(list)).route("/faults/{scenario}", get(read).put(set))
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
