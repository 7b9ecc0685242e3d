//! The tag of a part that the service has stored.

use super::row::{Place, Plain};
use super::{Record, ResumeError, ResumeKey};

/// The most bytes of UTF-8 a part's tag may have to be kept.
pub const MAX_TAG: usize = 8_192;

/// The longest plaintext of a tag.
const MOST: usize = 2 + MAX_TAG;

impl ResumeKey {
    /// Seals the tag of one part of the upload that `record` describes.
    ///
    /// `nonce` is 12 bytes from a cryptographic random source, new for every row.
    ///
    /// # Errors
    /// [`ResumeError::Limit`] if the tag has more than [`MAX_TAG`] bytes.
    pub fn seal_tag(
        &self,
        identity: &str,
        part: u32,
        record: &Record,
        tag: &str,
        nonce: [u8; 12],
    ) -> Result<Vec<u8>, ResumeError> {
        let mut plain = Plain::with_room(2 + tag.len().min(MAX_TAG));
        plain.text(tag, MAX_TAG)?;
        self.seal(identity, Place::Tag { part, record }, plain, nonce)
    }

    /// Opens a row made by [`Self::seal_tag`] for the same part of the same upload of the same file.
    ///
    /// # Errors
    /// [`ResumeError::Unreadable`], whatever the cause.
    pub fn open_tag(&self, identity: &str, part: u32, record: &Record, row: &[u8]) -> Result<String, ResumeError> {
        self.open(identity, Place::Tag { part, record }, row, MOST, |plain| plain.text(MAX_TAG))
    }
}
