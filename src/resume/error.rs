//! Why a row could not be written or read.

use thiserror::Error;

/// Why a row could not be written or read. No message holds anything of it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResumeError {
    /// The session ID has no characters, so there is nothing to derive a key from.
    #[error("the session ID is empty; give it exactly as the API returned it")]
    EmptySessionId,
    /// A text to keep is longer than the format takes, or parts have no size.
    #[error("the upload has a text or a size that cannot be kept")]
    Limit,
    /// The row was not sealed for this place under this session ID. One answer for every cause.
    #[error("the kept row cannot be read under this session ID")]
    Unreadable,
    /// The cipher refused to work. It does so only beyond limits that are checked before.
    #[error("the row could not be sealed")]
    Cipher,
}
