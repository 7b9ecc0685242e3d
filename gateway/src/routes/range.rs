//! The `Range` header (RFC 9110, section 14): one range of bytes.

/// What a `Range` header asks of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: there is no range, or one that this server does not read (several ranges, other units, bad syntax),
    /// which it may ignore.
    All,
    /// The bytes from the first to before the second number.
    Part(u64, u64),
    /// Nothing that the file has.
    Nothing,
}

/// What `range` asks of a file of `size` bytes.
pub(super) fn wanted(range: Option<&str>, size: u64) -> Wanted {
    let Some((unit, set)) = range.and_then(|range| range.split_once('=')) else { return Wanted::All };
    let Some((first, last)) = set.trim().split_once('-') else { return Wanted::All };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Wanted::All;
    }
    match (number(first), number(last)) {
        (Some(first), _) if first >= size && (last.is_empty() || number(last).is_some_and(|last| last >= first)) => {
            Wanted::Nothing
        }
        (Some(first), None) if last.is_empty() => Wanted::Part(first, size),
        (Some(first), Some(last)) if last >= first => Wanted::Part(first, size.min(last.saturating_add(1))),
        (None, Some(suffix)) if first.is_empty() => match suffix.min(size) {
            0 => Wanted::Nothing,
            suffix => Wanted::Part(size - suffix, size),
        },
        _ => Wanted::All,
    }
}

/// A number of digits only. One too long for 64 bits is beyond every file.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_rfc_9110() {
        for (range, expected) in [
            ("bytes=0-499", Wanted::Part(0, 500)),
            ("bytes=500-999", Wanted::Part(500, 1000)),
            ("bytes=-500", Wanted::Part(500, 1000)),
            ("bytes=9500-", Wanted::Nothing),
            ("bytes=500-", Wanted::Part(500, 1000)),
            ("bytes=0-0", Wanted::Part(0, 1)),
            ("bytes=-1", Wanted::Part(999, 1000)),
            ("bytes=0-", Wanted::Part(0, 1000)),
            ("bytes=999-", Wanted::Part(999, 1000)),
            ("bytes=1000-", Wanted::Nothing),
            ("bytes=1000-1000", Wanted::Nothing),
            ("bytes=999-5000", Wanted::Part(999, 1000)),
            ("bytes=-5000", Wanted::Part(0, 1000)),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=0-99999999999999999999999", Wanted::Part(0, 1000)),
            ("bytes=99999999999999999999999-", Wanted::Nothing),
            ("BYTES=0-1", Wanted::Part(0, 2)),
            ("bytes= 0-1", Wanted::Part(0, 2)),
            // Ignored: not one range of bytes.
            ("bytes=2-1", Wanted::All),
            ("bytes=5000-4000", Wanted::All),
            ("bytes=0-0,-1", Wanted::All),
            ("bytes=0-,0-,0-", Wanted::All),
            ("bytes=", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("bytes=--1", Wanted::All),
            ("lines=0-1", Wanted::All),
            ("bytes", Wanted::All),
            ("", Wanted::All),
        ] {
            assert_eq!(wanted(Some(range), 1000), expected, "{range}");
        }
        assert_eq!(wanted(None, 1000), Wanted::All);
        for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"] {
            assert_eq!(wanted(Some(range), 0), Wanted::Nothing, "{range} of an empty file");
        }
    }
}
