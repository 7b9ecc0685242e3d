//! Why a name could not be written or read.

use std::borrow::Cow;

use thiserror::Error;

use crate::text::decimal;

/// Why a name could not be written or read. No message holds a session ID, a name or any part of one.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{}", self.sentence())]
#[non_exhaustive]
pub enum NameError {
    /// The session ID has no characters, so there is nothing to derive a key from.
    EmptySessionId,
    /// The name to write has no bytes, or more than [`MAX_NAME`](super::MAX_NAME).
    NameLength {
        /// How many it has.
        bytes: usize,
    },
    /// The scheme has no tag, so a reader could not tell such a name from chance.
    NameCharacters,
    /// A plain name looks like an encrypted one, and would be read as such.
    NameForm,
    /// The scheme encrypts, and there is no session ID to do it with.
    SessionIdMissing,
    /// The scheme takes the session ID as a key of 32 bytes, and it is none.
    SessionIdLength,
    /// The random source failed.
    Random,
    /// The text is not a name sealed under this session ID. One answer for every cause, so that it tells an attacker
    /// nothing: another key, a changed byte, a wrong format.
    Unreadable,
    /// A cipher or hash refused a length that is always right. A defect of this crate, never of the input.
    Cipher,
}

impl NameError {
    /// What is wrong, to stand in a sentence. `Display` says the same.
    #[must_use]
    pub fn sentence(self) -> Cow<'static, str> {
        let sentence = match self {
            Self::NameLength { bytes } => {
                return ["it has ", &decimal(bytes as u64), " bytes of UTF-8, and may have 1 to 1024"].concat().into();
            }
            Self::EmptySessionId => "the session ID is empty; give it exactly as the API returned it",
            Self::NameCharacters => {
                "a file name in this scheme must not hold a slash, a backslash or a control character"
            }
            Self::NameForm => {
                "a plain file name must not have the form of an encrypted one; give another name or take another scheme"
            }
            Self::SessionIdMissing => "this scheme needs the session ID",
            Self::SessionIdLength => {
                "this scheme needs a session ID of 32 bytes, dashes not counted; take another scheme"
            }
            Self::Random => "the random source failed",
            Self::Unreadable => "the name cannot be read with this session ID",
            Self::Cipher => "the name cipher failed; this is a defect of partway",
        };
        sentence.into()
    }
}
