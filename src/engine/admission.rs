//! Whether the session's rules allow one file more, by all that earlier answers told.

use super::sizes::Sizes;
use super::small_map::SmallMap;
use super::{Instant, UploadId};
use crate::protocol::{Code, Failure, Rules};

/// The rules, and what is known to count against them.
#[derive(Clone, Debug, Default)]
pub(super) struct Admission {
    rules: Rules,
    ends_at: Option<Instant>,
    /// Files the bucket is known to hold, by key, with their sizes; and those together.
    stored: Sizes,
    stored_bytes: u128,
    /// Uploads let in whose key is not known yet.
    pending: SmallMap<UploadId, u64>,
}

impl Admission {
    pub fn set_rules(&mut self, rules: Rules, ends_at: Option<Instant>) {
        self.rules = rules;
        self.ends_at = ends_at;
    }

    /// Lets the upload in and counts it, or says which rule forbids it.
    pub fn admit(&mut self, upload: UploadId, size: u64, now: Instant) -> Result<(), Failure> {
        // One that begins again, as another tab took its lock while it was announced, is no further file.
        self.pending.remove(&upload);
        if self.has_ended(now) {
            return Err(Failure::new(Code::SessionExpired, "The session has ended; open a new one to upload."));
        }
        let limit = self.rules.max_total_mega_bytes.map(|megabytes| megabytes * 1e6);
        if limit.is_some_and(|limit| size as f64 > limit) {
            return Err(Failure::new(
                Code::TooLarge,
                "The file is larger than the session allows (maxTotalMegaBytes).",
            ));
        }
        let files = self.stored.len() + self.pending.len();
        if self.rules.max_files.is_some_and(|most| files as u64 >= most) {
            return Err(Failure::new(Code::TooManyFiles, "The session allows no further file (maxFiles)."));
        }
        let pending = self.pending.values().map(|size| u128::from(*size)).sum::<u128>();
        let bytes = self.stored_bytes + pending + u128::from(size);
        if limit.is_some_and(|limit| bytes as f64 > limit) {
            return Err(Failure::new(
                Code::TooLarge,
                "The file is larger than what the session has left (maxTotalMegaBytes).",
            ));
        }
        self.pending.insert(upload, size);
        Ok(())
    }

    /// Whether the session's time is known to be over.
    pub fn has_ended(&self, now: Instant) -> bool {
        self.ends_at.is_some_and(|end| now >= end)
    }

    /// When the session's time is over, where that is known.
    pub fn ends_at(&self) -> Option<Instant> {
        self.ends_at
    }

    /// The upload has a key now.
    pub fn started(&mut self, upload: UploadId, key: &str) {
        if let Some(size) = self.pending.remove(&upload) {
            self.holds(key, size);
        }
    }

    /// The upload never got a key.
    pub fn dropped(&mut self, upload: UploadId) {
        self.pending.remove(&upload);
    }

    /// The file is gone from the bucket.
    pub fn removed(&mut self, key: &str) {
        self.stored_bytes -= u128::from(self.stored.remove(key).unwrap_or_default());
    }

    /// The bucket was listed: this is what it holds.
    pub fn listed(&mut self, files: impl IntoIterator<Item = (String, u64)>) {
        (self.stored, self.stored_bytes) = (Sizes::default(), 0);
        for (key, size) in files {
            self.holds(&key, size);
        }
    }

    /// The size of a file that the bucket is known to hold.
    pub fn size_of(&self, key: &str) -> Option<u64> {
        self.stored.get(key)
    }

    /// The bucket holds this file too.
    pub fn holds(&mut self, key: &str, size: u64) {
        self.removed(key);
        self.stored.insert(key, size);
        self.stored_bytes += u128::from(size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(max_files: Option<u64>, megabytes: Option<f64>) -> Admission {
        let mut admission = Admission::default();
        admission.set_rules(Rules { max_files, max_total_mega_bytes: megabytes, expiry: None }, Some(Instant(100)));
        admission
    }

    fn code(result: Result<(), Failure>) -> Option<Code> {
        result.err().map(|failure| failure.code)
    }

    #[test]
    fn files_are_counted_until_they_are_removed() {
        let mut admission = admission(Some(2), None);
        admission.listed([("old".to_owned(), 1)]);
        assert_eq!(admission.admit(UploadId(1), 1, Instant(0)), Ok(()));
        assert_eq!(code(admission.admit(UploadId(2), 1, Instant(0))), Some(Code::TooManyFiles));
        admission.started(UploadId(1), "new");
        assert_eq!(code(admission.admit(UploadId(2), 1, Instant(0))), Some(Code::TooManyFiles));
        admission.removed("new");
        assert_eq!(admission.admit(UploadId(2), 1, Instant(0)), Ok(()));
    }

    #[test]
    fn a_file_that_begins_again_is_counted_once() {
        let mut admission = admission(Some(1), None);
        assert_eq!(admission.admit(UploadId(1), 1, Instant(0)), Ok(()));
        assert_eq!(admission.admit(UploadId(1), 1, Instant(0)), Ok(()));
        assert_eq!(code(admission.admit(UploadId(2), 1, Instant(0))), Some(Code::TooManyFiles));
    }

    #[test]
    fn bytes_are_counted_in_units_of_a_million() {
        let mut admission = admission(None, Some(1.0));
        assert_eq!(code(admission.admit(UploadId(1), 1_000_001, Instant(0))), Some(Code::TooLarge));
        assert_eq!(admission.admit(UploadId(1), 600_000, Instant(0)), Ok(()));
        assert_eq!(code(admission.admit(UploadId(2), 400_001, Instant(0))), Some(Code::TooLarge));
        assert_eq!(admission.admit(UploadId(2), 400_000, Instant(0)), Ok(()));
        admission.dropped(UploadId(1));
        assert_eq!(admission.admit(UploadId(3), 600_000, Instant(0)), Ok(()));
    }

    #[test]
    fn a_session_that_ended_takes_nothing() {
        let mut admission = admission(None, None);
        assert_eq!(admission.admit(UploadId(1), 1, Instant(99)), Ok(()));
        assert_eq!(code(admission.admit(UploadId(2), 1, Instant(100))), Some(Code::SessionExpired));
    }
}
