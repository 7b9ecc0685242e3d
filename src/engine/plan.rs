//! How a file is cut.

use std::ops::Range;

/// Least bytes of every part but the last (S3's rule).
pub const LEAST_PART: u64 = 5 * MIB;
/// Most bytes of a part (S3's rule).
pub const GREATEST_PART: u64 = 5 * 1024 * MIB;
/// Most parts of a file (S3's rule).
pub const MOST_PARTS: u64 = 10_000;

const MIB: u64 = 1024 * 1024;
/// Default part size: large enough that the cost of a request hardly shows, small enough that a lost part is cheap to
/// send again. A file gets so many parts before they grow; beyond the size that suits most lines, so many more.
const DEFAULT_LEAST: u64 = 8 * MIB;
const DEFAULT_MOST: u64 = 16 * MIB;
const DEFAULT_GREATEST: u64 = 32 * MIB;
const DEFAULT_PARTS: u64 = 32;
const DEFAULT_MOST_PARTS: u64 = 1000;

/// A file's parts: all equal but the last. It is fixed for the life of an upload, as the service is told their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    size: u64,
    part_size: u64,
}

impl Plan {
    /// Plans a file of `size` bytes with parts of `part_size` bytes (`None`: chosen from the size), grown to whole
    /// MiB so that no file needs more than 10,000 parts.
    #[must_use]
    pub fn new(size: u64, part_size: Option<u64>) -> Self {
        let asked = part_size.unwrap_or_else(|| {
            let least = whole_mib(size.div_ceil(DEFAULT_PARTS)).clamp(DEFAULT_LEAST, DEFAULT_MOST);
            whole_mib(size.div_ceil(DEFAULT_MOST_PARTS)).clamp(least, DEFAULT_GREATEST)
        });
        let needed = size.div_ceil(MOST_PARTS);
        let part_size = if asked >= needed { asked } else { whole_mib(needed) };
        Self { size, part_size: part_size.max(LEAST_PART) }
    }

    /// The file's size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of every part but the last.
    #[must_use]
    pub const fn part_size(&self) -> u64 {
        self.part_size
    }

    /// How many parts: at least one, as an empty file is one empty part.
    #[must_use]
    pub fn parts(&self) -> u32 {
        u32::try_from(self.size.div_ceil(self.part_size).max(1)).unwrap_or(u32::MAX)
    }

    /// The bytes of part `number`, counted from 1.
    #[must_use]
    pub fn range(&self, number: u32) -> Range<u64> {
        let start = u64::from(number.saturating_sub(1)).saturating_mul(self.part_size).min(self.size);
        start..start.saturating_add(self.part_size).min(self.size)
    }

    /// Bytes of part `number`.
    #[must_use]
    pub fn len(&self, number: u32) -> u64 {
        let range = self.range(number);
        range.end - range.start
    }

    /// Whether the file has no bytes. It still has one part.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.size == 0
    }
}

const fn whole_mib(bytes: u64) -> u64 {
    bytes.div_ceil(MIB) * MIB
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(Plan::new(0, None).parts(), 1);
        assert_eq!(Plan::new(0, None).range(1), 0..0);
        assert_eq!(Plan::new(1, None).parts(), 1);
        assert_eq!(Plan::new(DEFAULT_LEAST, None).parts(), 1);
        assert_eq!(Plan::new(DEFAULT_LEAST + 1, None).parts(), 2);
        assert_eq!(Plan::new(u64::MAX >> 11, Some(LEAST_PART)).parts(), 10_000);
        assert_eq!(Plan::new(50_000 * MIB, Some(LEAST_PART)).parts(), 10_000);
        assert_eq!(Plan::new(50_000 * MIB + 1, Some(LEAST_PART)).part_size(), 6 * MIB);
        assert_eq!(Plan::new(256 * MIB, None).part_size(), 8 * MIB);
        assert_eq!(Plan::new(300 * MIB, None).part_size(), 10 * MIB);
        assert_eq!(Plan::new(16_000 * MIB, None).part_size(), 16 * MIB);
        assert_eq!(Plan::new(20_000 * MIB, None).part_size(), 20 * MIB);
    }

    proptest! {
        #[test]
        fn parts_tile_the_file(size in 0..(1u64 << 53), part_size in proptest::option::of(LEAST_PART..GREATEST_PART)) {
            let plan = Plan::new(size, part_size);
            prop_assert!(plan.part_size() >= LEAST_PART);
            prop_assert!(u64::from(plan.parts()) <= MOST_PARTS);
            if let Some(asked) = part_size { prop_assert!(plan.part_size() >= asked); }
            let mut next = 0;
            for number in 1..=plan.parts() {
                let range = plan.range(number);
                prop_assert_eq!(range.start, next);
                prop_assert!(number == plan.parts() || plan.len(number) == plan.part_size());
                prop_assert!(plan.len(number) > 0 || size == 0);
                next = range.end;
            }
            prop_assert_eq!(next, size);
        }
    }
}
