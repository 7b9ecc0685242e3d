//! File keys: opaque text that the service chose, made safe for a path and for a header.

/// Longest key taken, in bytes of UTF-8.
const LONGEST: usize = 1024;

/// A key that no request can be made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub enum InvalidKey {
    /// The empty text, `.` or `..`: a URL parser would make another path of it.
    Segment,
    /// Longer than 1,024 bytes.
    Length,
    /// It holds a control character.
    Control,
}

impl InvalidKey {
    /// What is wrong with the key. `Display` says the same.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Segment => "it is empty or a dot segment",
            Self::Length => "it is longer than 1,024 bytes",
            Self::Control => "it holds a control character",
        }
    }
}

/// Checks that `key` can be one path segment.
///
/// # Errors
/// [`InvalidKey`] says why it cannot.
pub fn check_key(key: &str) -> Result<(), InvalidKey> {
    if matches!(key, "" | "." | "..") {
        return Err(InvalidKey::Segment);
    }
    if key.len() > LONGEST {
        return Err(InvalidKey::Length);
    }
    if key.chars().any(char::is_control) {
        return Err(InvalidKey::Control);
    }
    Ok(())
}

/// Percent-encodes everything but RFC 3986's unreserved characters, so that `text` stays one path segment.
#[must_use]
pub fn encode_segment(text: &str) -> String {
    encode(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

/// The value of the `key` header: `key` itself when it is visible ASCII, else percent-encoded.
#[must_use]
pub fn key_header(key: &str) -> String {
    if key.bytes().all(|byte| byte.is_ascii_graphic()) { key.to_owned() } else { encode_segment(key) }
}

fn encode(text: &str, keep: impl Fn(u8) -> bool) -> String {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| HEX.get(usize::from(nibble & 15)).copied().unwrap_or('0');
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte)]);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dot_segments_are_refused() {
        for key in ["", ".", ".."] {
            assert_eq!(check_key(key), Err(InvalidKey::Segment));
        }
        assert_eq!(check_key("a\u{0}b"), Err(InvalidKey::Control));
        assert_eq!(check_key(&"k".repeat(1025)), Err(InvalidKey::Length));
        assert_eq!(check_key("..%2f"), Ok(()));
    }

    #[test]
    fn reserved_characters_are_encoded() {
        assert_eq!(encode_segment("a/b?c#d%2e é"), "a%2Fb%3Fc%23d%252e%20%C3%A9");
        assert_eq!(key_header("a/b?c"), "a/b?c");
        assert_eq!(key_header("a b"), "a%20b");
    }

    proptest! {
        #[test]
        fn an_encoded_key_is_one_segment(key in any::<String>()) {
            let encoded = encode_segment(&key);
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_graphic() && !b"/?#\\&=".contains(&b)));
        }
    }
}
