//! An answer of the service, before it is read as anything.

use super::Failure;
use super::json::Json;

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// How long the service asks to wait, in milliseconds (`Retry-After`, RFC 9110 section 10.2.3).
    pub retry_after: Option<u64>,
    /// How many bytes the body was announced to have (`Content-Length`).
    pub announced: Option<u64>,
    /// The body of a success; of a failure nothing is read.
    pub body: Vec<u8>,
    /// When it came, in milliseconds since 1970 by the page's clock.
    pub received_at: f64,
}

/// Whether an HTTP status is one of success.
#[must_use]
pub fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

impl Response {
    /// The body of a successful answer.
    ///
    /// # Errors
    /// What any other status means; a failed connection where the body was cut short.
    pub fn success(self) -> Result<Vec<u8>, Failure> {
        if !is_success(self.status) {
            return Err(Failure::from_status(self.status, self.retry_after));
        }
        if self.is_cut_short() { Err(Failure::connection()) } else { Ok(self.body) }
    }

    /// Whether the connection broke within the body. WebKit (libsoup) reports such a body as complete. A compressed
    /// body may be complete although it is shorter than announced, but then it is JSON.
    fn is_cut_short(&self) -> bool {
        self.announced.is_some_and(|announced| (self.body.len() as u64) < announced) && Json::new(&self.body).is_none()
    }
}
