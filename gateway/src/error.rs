//! What a request is refused with: one JSON shape, codes in the manner of S3.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal. It becomes `{code, message, requestId, retryable}` in `layers`, which knows the request's id.
///
/// Messages name the rule that was broken and carry nothing of the request: no token, ID, name or link.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// A word for programs, such as `NoSuchKey`.
    pub code: &'static str,
    /// A sentence for people.
    pub message: Cow<'static, str>,
    /// When to try again, where that can help.
    pub retry_after: Option<Duration>,
    /// Whether what is left of the request's body must not be waited for.
    pub close: bool,
    /// Whether the database must be opened anew.
    pub broken: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    code: &'a str,
    message: &'a str,
    request_id: &'a str,
    retryable: bool,
}

impl ApiError {
    /// A refusal with this status, code and message.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, close: false, broken: false }
    }

    /// 400: a value is missing, malformed or out of its range.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    /// 401: there is no usable token.
    pub fn token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidToken", "The session token is missing or wrong.")
    }

    /// 401: the token's session has reached its end.
    pub fn expired() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "ExpiredToken", "The session has expired.")
    }

    /// 403: understood, and not allowed.
    pub fn refused(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// 403: a link that was good once.
    pub fn expired_link() -> Self {
        Self::refused("ExpiredLink", "The link has expired: ask for a new one.")
    }

    /// 404: this session has no such file. The same for a file of another session.
    pub fn no_key() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", "This session has no file of that key.")
    }

    /// 404: this session has no such upload. The same for an upload of another session.
    pub fn no_upload() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NoSuchUpload", "This session has no upload of that key and uploadId.")
    }

    /// 408: the body stood still, or dripped. Nothing more of it is waited for.
    pub fn slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", "The body came too slowly.").closing()
    }

    /// 409: the file is not in the state the request needs.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 409: nothing can be added to the file.
    pub fn complete() -> Self {
        Self::conflict("InvalidObjectState", "The file is complete: it takes no more parts.")
    }

    /// 413: more bytes than allowed.
    pub fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge", message)
    }

    /// 500: something here failed. The cause goes to stderr; it may name a path of the data folder and nothing else.
    pub fn internal(what: &str, cause: &dyn std::error::Error) -> Self {
        eprintln!("error: {what}: {cause}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The server could not do this. Try again.")
    }

    /// The same refusal, to be tried again after `wait`.
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same refusal, after which the connection is closed: its body is not worth waiting for.
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// Whether the same request may succeed later.
    pub fn retryable(&self) -> bool {
        matches!(self.status.as_u16(), 408 | 425 | 429 | 500..)
    }

    /// The body of the answer.
    pub fn json(&self, request_id: &str) -> Vec<u8> {
        let shape = Shape { code: self.code, message: &self.message, request_id, retryable: self.retryable() };
        serde_json::to_vec(&shape).unwrap_or_default()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if self.close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
