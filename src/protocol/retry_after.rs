//! How long a service asks to wait.

use crate::text::{holds, split_once};

/// Reads a `Retry-After` header (RFC 9110, section 10.2.3) into milliseconds: seconds, of which a fraction counts as a
/// whole one, or an HTTP date, which `parse_date` reads into milliseconds since 1970; `wall_clock` is now in the same.
/// `None` where it is neither: nonsense is no header.
#[must_use]
pub fn retry_after(header: &str, wall_clock: f64, parse_date: impl Fn(&str) -> Option<f64>) -> Option<u64> {
    let header = header.trim_ascii();
    let millis = match header.bytes().next()? {
        b'0'..=b'9' if header.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
            // Not as a number: what reads one costs the wasm ten kilobytes.
            let (whole, fraction) = split_once(header, b'.').unwrap_or((header, ""));
            if fraction.bytes().any(|byte| byte == b'.') {
                return None;
            }
            let begun = u64::from(fraction.bytes().any(|digit| digit != b'0'));
            whole.parse().unwrap_or(u64::MAX).saturating_add(begun) as f64 * 1000.0
        }
        // An HTTP date begins with the day's name; what else a browser takes for a date is none.
        b'A'..=b'Z' if holds(header, ":") => parse_date(header)? - wall_clock,
        _ => return None,
    };
    // The cast makes 0 of what is past, and the most there is of what is too much.
    (!millis.is_nan()).then_some(millis as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Option<u64> {
        retry_after(header, 1000.0, |date| date.starts_with("Wed").then_some(6000.0))
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!((read("0"), read("30"), read(" 120 ")), (Some(0), Some(30_000), Some(120_000)));
        assert_eq!((read("2015"), read("007")), (Some(2_015_000), Some(7000)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(5000));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1e9, |_| Some(0.0)), Some(0));
        assert_eq!(read("99999999999999999999999"), Some(u64::MAX));
    }

    #[test]
    fn a_fraction_is_rounded_up() {
        assert_eq!(
            (read("45.5"), read("2.5"), read("0.001"), read("3.0")),
            (Some(46_000), Some(3000), Some(1000), Some(3000))
        );
    }

    #[test]
    fn nonsense_is_no_header() {
        for header in ["", " ", "-1", "+5", "1e3", "1.2.3", ".", "soon", "5s", "0x10", "NaN", "Infinity", "Wed"] {
            assert_eq!(read(header), None, "{header}");
        }
        assert_eq!(read("2015-10-21T07:28:00Z"), None);
        assert_eq!(read("Thu, 99 Foo 2015 07:28:00 GMT"), None);
    }
}
