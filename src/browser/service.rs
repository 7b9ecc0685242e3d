//! The service, as requests name it: endpoint, API key and token.

use super::endpoint::Endpoint;
use super::token::SessionToken;
use super::transport::Outgoing;
use crate::protocol::{Body, Request};
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The header of the caller's API key.
pub const API_KEY: &str = "X-API-KEY";

/// What every request to the service bears.
pub struct Service {
    /// Where it is.
    pub endpoint: Rc<Endpoint>,
    /// The value of `X-API-KEY`, if the caller gave one.
    pub api_key: Option<String>,
    /// The session's token.
    pub token: SessionToken,
}

impl Service {
    /// Builds the request as it goes out, under the newest token. The body of a part is set later.
    pub fn outgoing(&self, request: &Request) -> Outgoing {
        let mut headers = Vec::with_capacity(6);
        if let Some(token) = self.token.text() {
            headers.push(("Authorization", ["Bearer ", &token].concat()));
        }
        headers.extend(self.api_key.iter().map(|key| (API_KEY, key.clone())));
        let (content_type, body) = match &request.body {
            Body::Empty => (None, JsValue::UNDEFINED),
            Body::Json(text) => (Some("application/json"), JsValue::from_str(text)),
            // Set explicitly: else the browser sends the file's own type, which the encrypted name hides.
            Body::Part => (Some("application/octet-stream"), JsValue::UNDEFINED),
        };
        headers.extend(content_type.map(|value| ("Content-Type", value.to_owned())));
        headers.extend(request.headers.iter().cloned());
        Outgoing { url: self.endpoint.url(&request.path), method: request.method, headers, body, cap: request.cap }
    }
}
