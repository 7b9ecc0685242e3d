//! What is kept of an upload that has begun.

use std::fmt;

use super::row::{Place, Plain};
use super::{ResumeError, ResumeKey};

/// The most bytes of UTF-8 that an upload ID, a key or a name may have to be kept.
pub const MAX_TEXT: usize = 4_096;

/// The longest plaintext of a record.
const MOST: usize = 3 * 8 + 9 + 3 * (2 + MAX_TEXT);

/// What is kept of an upload that has begun. `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Names the file in the bucket; empty until the service has told it ([`Record::is_intent`]).
    pub key: String,
    /// Names the multipart upload; until that is known, what the bucket's list calls the file. Empty where the person
    /// aborted it, and what the bucket has is to be removed; the name below is then the list's.
    pub upload_id: String,
    /// Size of the file in bytes.
    pub size: u64,
    /// Bytes a part, at least one.
    pub part_size: u64,
    /// The name the file was given in the bucket.
    pub name: String,
    /// When the upload began, milliseconds since 1970.
    pub started_at: u64,
    /// The file's last modification, milliseconds since 1970, where known.
    pub modified: Option<u64>,
}

impl Record {
    /// Whether nothing can be gone on with. The upload was about to begin, and the service may have made a file that
    /// nobody knows the key of; or it was aborted.
    #[must_use]
    pub fn is_intent(&self) -> bool {
        self.key.is_empty() || self.upload_id.is_empty()
    }

    /// The key of what is to be removed from the bucket, as the upload was aborted.
    #[must_use]
    pub fn aborted_key(&self) -> Option<&str> {
        (!self.key.is_empty() && self.upload_id.is_empty()).then_some(&self.key)
    }

    /// What the bucket's list calls what is to be removed.
    #[must_use]
    pub fn name_there(&self) -> &str {
        if self.key.is_empty() { &self.upload_id } else { &self.name }
    }

    /// Parts the file is sent in; an empty file has one. They are numbered from 1.
    #[must_use]
    pub fn parts(&self) -> u32 {
        u32::try_from(self.size.div_ceil(self.part_size.max(1)).max(1)).unwrap_or(u32::MAX)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").finish_non_exhaustive()
    }
}

impl ResumeKey {
    /// Seals the record of the upload of the file that `identity` names.
    ///
    /// `nonce` is 12 bytes from a cryptographic random source, new for every row.
    ///
    /// # Errors
    /// [`ResumeError::Limit`] if a text has more than [`MAX_TEXT`] bytes, or parts have no size.
    pub fn seal_record(&self, identity: &str, record: &Record, nonce: [u8; 12]) -> Result<Vec<u8>, ResumeError> {
        if record.part_size == 0 {
            return Err(ResumeError::Limit);
        }
        let mut plain = Plain::with_room(MOST);
        plain.number(record.size);
        plain.number(record.part_size);
        plain.number(record.started_at);
        plain.flag(record.modified.is_some());
        plain.number(record.modified.unwrap_or(0));
        for text in [&record.upload_id, &record.key, &record.name] {
            plain.text(text, MAX_TEXT)?;
        }
        self.seal(identity, Place::Record, plain, nonce)
    }

    /// Opens a row made by [`Self::seal_record`] under the same session ID for the same file.
    ///
    /// # Errors
    /// [`ResumeError::Unreadable`], whatever the cause.
    pub fn open_record(&self, identity: &str, row: &[u8]) -> Result<Record, ResumeError> {
        self.open(identity, Place::Record, row, MOST, |plain| {
            let (size, part_size, started_at) = (plain.number()?, plain.number()?, plain.number()?);
            let modified = match (plain.flag()?, plain.number()?) {
                (true, time) => Some(time),
                (false, 0) => None,
                (false, _) => return None,
            };
            let (upload_id, key, name) = (plain.text(MAX_TEXT)?, plain.text(MAX_TEXT)?, plain.text(MAX_TEXT)?);
            (part_size > 0).then_some(Record { key, upload_id, size, part_size, name, started_at, modified })
        })
    }
}
