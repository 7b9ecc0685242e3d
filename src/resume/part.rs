//! What is kept of a part that the service has stored.

use super::row::{Place, Plain};
use super::{Record, ResumeError, ResumeKey};
use std::fmt;

/// The most bytes of UTF-8 a part's tag may have to be kept.
pub const MAX_TAG: usize = 8_192;

/// The longest plaintext of a part.
const MOST: usize = 2 + MAX_TAG + 1 + size_of::<Digest>();

/// SHA-256 of the SHA-256 of each 4 MiB of a part's bytes, the last of them maybe shorter. Of a part without bytes,
/// SHA-256 of nothing.
pub type Digest = [u8; 32];

/// What is kept of a part that the service has stored. `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// The tag that the service gave.
    pub tag: String,
    /// What its bytes were, where that is known: a file may be another when it is picked again.
    pub digest: Option<Digest>,
}

impl fmt::Debug for StoredPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredPart").finish_non_exhaustive()
    }
}

impl ResumeKey {
    /// Seals what is kept of one part of the upload that `record` describes.
    ///
    /// `nonce` is 12 bytes from a cryptographic random source, new for every row.
    ///
    /// # Errors
    /// [`ResumeError::Limit`] if the tag has more than [`MAX_TAG`] bytes.
    pub fn seal_part(
        &self,
        identity: &str,
        number: u32,
        record: &Record,
        part: &StoredPart,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, ResumeError> {
        let mut plain = Plain::with_room(MOST.min(2 + part.tag.len() + 1 + size_of::<Digest>()));
        plain.text(&part.tag, MAX_TAG)?;
        if let Some(digest) = &part.digest {
            plain.flag(true);
            plain.bytes(digest);
        }
        self.seal(identity, Place::Part { number, record }, plain, nonce)
    }

    /// Opens a row made by [`Self::seal_part`] for the same part of the same upload of the same file.
    ///
    /// # Errors
    /// [`ResumeError::Unreadable`], whatever the cause.
    pub fn open_part(
        &self,
        identity: &str,
        number: u32,
        record: &Record,
        row: &[u8],
    ) -> Result<StoredPart, ResumeError> {
        self.open(identity, Place::Part { number, record }, row, MOST, |plain| {
            Some(StoredPart { tag: plain.text(MAX_TAG)?, digest: plain.digest()? })
        })
    }
}
