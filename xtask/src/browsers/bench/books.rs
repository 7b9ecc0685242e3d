//! What came of the files of one race, and whether that is right.
use std::{collections::BTreeMap, time::SystemTime};

use anyhow::{Result, ensure};

/// The files of one race, by key.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// All that were begun.
    pub files: BTreeMap<String, Stored>,
    /// Bytes of files that came, those that came twice too.
    pub bytes: u64,
    /// When the last of them came.
    pub last: Option<SystemTime>,
}

/// What came of one file.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The name it was begun under, as it was sent.
    pub name: String,
    /// Bytes it was said to have.
    pub size: Option<u64>,
    /// Parts it was said to have.
    pub total_parts: Option<u64>,
    /// Bytes of each part, by its number from 1, or by its first byte where parts are ranges.
    pub parts: BTreeMap<u64, u64>,
    /// The client said that it is whole, and had sent all that it names.
    pub completed: bool,
}

impl Stored {
    /// Bytes of all parts.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.parts.values().sum()
    }

    /// Whether parts 1 to `count` are there, and no other.
    #[must_use]
    pub fn has_parts(&self, count: u64) -> bool {
        self.parts.keys().copied().eq(1..=count) && self.total_parts.is_none_or(|total| total == count)
    }

    /// Whether every range begins where the one before it ends.
    #[must_use]
    pub fn has_ranges(&self, size: u64) -> bool {
        let end = self.parts.iter().try_fold(0, |at, (start, length)| (*start == at).then_some(at + length));
        end == Some(size)
    }
}

impl Books {
    /// Checks that `count` files of `bytes` each are whole. In a race without faults there is nothing else, and nothing
    /// came twice.
    ///
    /// # Errors
    /// It is otherwise.
    pub fn check(&self, count: u64, bytes: u64, faulty: bool) -> Result<()> {
        let whole = self.files.values().filter(|file| file.completed);
        let right = whole.clone().filter(|file| file.sum() == bytes && file.size.is_none_or(|size| size == bytes));
        let (whole, right) = (whole.count() as u64, right.count() as u64);
        ensure!(whole == count, "{whole} of {count} files were completed");
        ensure!(right == count, "{right} of {count} files have {bytes} bytes");
        if !faulty {
            ensure!(self.files.len() as u64 == count, "{} files were begun, not {count}", self.files.len());
            ensure!(self.bytes == count * bytes, "{} bytes came of {}", self.bytes, count * bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books(parts: &[(u64, u64)], completed: bool) -> Books {
        let parts: BTreeMap<u64, u64> = parts.iter().copied().collect();
        let bytes = parts.values().sum();
        let file = Stored { parts, completed, ..Stored::default() };
        Books { files: [("key".to_owned(), file)].into(), bytes, last: None }
    }

    #[test]
    fn a_file_must_be_whole_and_completed() {
        assert!(books(&[(1, 5), (2, 3)], true).check(1, 8, false).is_ok());
        assert!(books(&[(1, 5), (2, 3)], false).check(1, 8, false).is_err());
        assert!(books(&[(1, 5)], true).check(1, 8, false).is_err());
        assert!(books(&[(1, 5), (2, 3)], true).check(2, 8, true).is_err());
    }

    #[test]
    fn what_came_twice_is_right_only_under_faults() {
        let twice = Books { bytes: 13, ..books(&[(1, 5), (2, 3)], true) };
        assert!(twice.check(1, 8, true).is_ok());
        assert!(twice.check(1, 8, false).is_err());
    }

    #[test]
    fn parts_are_counted_from_one_and_ranges_have_no_gap() {
        let file = Stored { parts: [(1, 5), (2, 3)].into(), ..Stored::default() };
        assert!(file.has_parts(2) && !file.has_parts(1) && !file.has_parts(3));
        let file = Stored { parts: [(0, 5), (5, 3)].into(), ..Stored::default() };
        assert!(file.has_ranges(8) && !file.has_ranges(9));
        let file = Stored { parts: [(0, 5), (6, 3)].into(), ..Stored::default() };
        assert!(!file.has_ranges(8));
    }
}
