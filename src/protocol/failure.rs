//! What went wrong, in the terms a caller acts on.

use crate::text::decimal;
use std::borrow::Cow;

/// The documented error codes of the public API (`ErrorCode` in `partway.d.ts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An option is missing, unknown, or of a wrong type or range.
    InvalidOption,
    /// What was given is not a file, or has no name.
    InvalidFile,
    /// The file changed, or can no longer be read.
    FileChanged,
    /// The file would exceed the bytes the session's rules allow.
    TooLarge,
    /// The session's rules allow no further file.
    TooManyFiles,
    /// The session's time is over.
    SessionExpired,
    /// The first token could not be had, or the token was refused and could not be renewed.
    Unauthorized,
    /// The service refused the request by one of its rules.
    Refused,
    /// The service knows no such file.
    NotFound,
    /// The connection failed.
    Network,
    /// No byte moved for the stall timeout, or the service gave up waiting (HTTP 408).
    Timeout,
    /// The service failed, or asked to slow down.
    Server,
    /// The answer is not what the API says.
    Protocol,
    /// A download has another number of bytes than the bucket says, or the browser could not keep them.
    Integrity,
    /// What is needed to resume after a reload could not be kept or read.
    Storage,
    /// The bucket was closed.
    Closed,
}

impl Code {
    /// The code as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidOption => "invalid-option",
            Self::InvalidFile => "invalid-file",
            Self::FileChanged => "file-changed",
            Self::TooLarge => "too-large",
            Self::TooManyFiles => "too-many-files",
            Self::SessionExpired => "session-expired",
            Self::Unauthorized => "unauthorized",
            Self::Refused => "refused",
            Self::NotFound => "not-found",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Server => "server",
            Self::Protocol => "protocol",
            Self::Integrity => "integrity",
            Self::Storage => "storage",
            Self::Closed => "closed",
        }
    }

    /// Whether the same request, sent again later, can succeed.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Network | Self::Timeout | Self::Server)
    }
}

/// A failed request or a refused upload. Its message names what was wrong and carries no secret.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub code: Code,
    /// HTTP status of the answer, where there was one.
    pub status: Option<u16>,
    /// How long the service asked to wait, in milliseconds (`Retry-After`, RFC 9110 section 10.2.3).
    pub retry_after: Option<u64>,
    /// One sentence for a person. No token, session ID, file name or link.
    pub message: Cow<'static, str>,
}

impl Failure {
    /// A failure without an HTTP answer.
    #[must_use]
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, status: None, retry_after: None, message: message.into() }
    }

    /// The connection failed, before or while the answer came.
    #[must_use]
    pub fn connection() -> Self {
        Self::new(Code::Network, "The connection to the service failed.")
    }

    /// The file's bytes are not those that were picked, or there are none.
    #[must_use]
    pub fn unreadable() -> Self {
        Self::new(Code::FileChanged, "The file changed or can no longer be read; pick it again.")
    }

    /// The file is there, and the browser's reads of it never end.
    #[must_use]
    pub fn unread() -> Self {
        let message = "The browser reads nothing of the file: it may be in a cloud, or on a drive that is away.";
        Self::new(Code::Timeout, message)
    }

    /// A download has another number of bytes than the bucket says.
    #[must_use]
    pub fn wrong_length() -> Self {
        Self::new(Code::Integrity, "The download is not as many bytes as the bucket says.")
    }

    /// The bucket was closed.
    #[must_use]
    pub fn closed() -> Self {
        Self::new(Code::Closed, "The bucket was closed; open it again.")
    }

    /// No byte moved for `millis`, the caller's `stallTimeout`.
    #[must_use]
    pub fn stalled(millis: u64) -> Self {
        let (limit, unit) = if millis.is_multiple_of(1000) { (millis / 1000, " s") } else { (millis, " ms") };
        Self::new(Code::Timeout, ["No data for ", &decimal(limit), unit, " (`stallTimeout`)."].concat())
    }

    /// An answer that breaks the contract: `what` says how.
    #[must_use]
    pub fn protocol(what: &str) -> Self {
        Self::new(Code::Protocol, ["The service's answer is not what the Upload API says: ", what, "."].concat())
    }

    /// What an HTTP status other than success means (`docs/upload-api.md`, Status codes).
    #[must_use]
    pub fn from_status(status: u16, retry_after: Option<u64>) -> Self {
        let (code, sentence) = match status {
            401 => (Code::Unauthorized, "The service refused the session token; give a valid one"),
            404 | 410 => (Code::NotFound, "The service knows no such file or upload"),
            408 => (Code::Timeout, "The service gave up waiting for the request"),
            425 | 429 => (Code::Server, "The service asked to slow down"),
            400..=499 => (Code::Refused, "The service refused the request"),
            500..=599 => (Code::Server, "The service failed; try again later"),
            _ => (Code::Protocol, "The service answered with a status the Upload API does not have"),
        };
        let message = [sentence, " (HTTP ", &decimal(status), ")."].concat().into();
        Self { code, status: Some(status), retry_after, message }
    }

    /// Whether sending the request again can help.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.code.is_retryable()
    }

    /// Most tries, of `attempts`, for a request that fails like this. An unreadable answer gets three in all: it may
    /// have come from a proxy on the way, or have been cut short.
    #[must_use]
    pub fn max_tries(&self, attempts: u32) -> u32 {
        match (self.code, self.status) {
            (Code::Protocol, None) => attempts.min(3),
            (code, _) if code.is_retryable() => attempts,
            _ => 0,
        }
    }

    /// Whether the service may have acted on the request although it failed: the answer was lost or is unreadable.
    #[must_use]
    pub const fn is_ambiguous(&self) -> bool {
        match (self.code, self.status) {
            (_, Some(429 | 425)) => false,
            (Code::Network | Code::Timeout | Code::Server | Code::Protocol, _) => true,
            _ => false,
        }
    }

    /// Whether nothing moved for too long.
    #[must_use]
    pub const fn is_stall(&self) -> bool {
        self.status.is_none() && matches!(self.code, Code::Timeout)
    }

    /// Whether there was no connection, or one that stalled.
    #[must_use]
    pub const fn is_connection_failure(&self) -> bool {
        self.status.is_none() && matches!(self.code, Code::Network | Code::Timeout)
    }

    /// Whether fewer requests at a time may help.
    #[must_use]
    pub const fn is_overload(&self) -> bool {
        self.is_throttling() || matches!(self.code, Code::Timeout)
    }

    /// Whether it says nothing of the request: the service, or what stands before it, is overloaded or being deployed.
    /// 520 to 530 are Cloudflare's.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self.status, Some(429 | 502..=504 | 520..=530))
    }

    /// Whether the service asked every request, not just this one, to slow down.
    #[must_use]
    pub const fn is_throttling(&self) -> bool {
        matches!(self.status, Some(429 | 503))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_names_the_limit_it_met() {
        assert_eq!(Failure::stalled(30_000).message, "No data for 30 s (`stallTimeout`).");
        assert_eq!(Failure::stalled(1500).message, "No data for 1500 ms (`stallTimeout`).");
    }

    #[test]
    fn statuses_mean_what_the_contract_says() {
        for (status, code, retryable) in [
            (401, Code::Unauthorized, false),
            (403, Code::Refused, false),
            (404, Code::NotFound, false),
            (408, Code::Timeout, true),
            (409, Code::Refused, false),
            (413, Code::Refused, false),
            (425, Code::Server, true),
            (429, Code::Server, true),
            (500, Code::Server, true),
            (503, Code::Server, true),
            (302, Code::Protocol, false),
        ] {
            let failure = Failure::from_status(status, None);
            assert_eq!((failure.code, failure.is_retryable()), (code, retryable), "{status}");
        }
    }
}
