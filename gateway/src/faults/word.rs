//! The word that whoever sets faults must know.

use axum::http::{HeaderMap, HeaderName};
use subtle::ConstantTimeEq as _;

use crate::error::ApiError;
use crate::random;

/// The header that carries the word. It stands in no address, since addresses are logged.
pub(super) const HEADER: HeaderName = HeaderName::from_static("fault-word");

/// 256 random bits, new with each process. Compared in constant time, and shown by [`Word::text`] alone.
pub(crate) struct Word([u8; 32]);

impl Word {
    /// A new word.
    pub fn random() -> Result<Self, ApiError> {
        Ok(Self(random::bytes()?))
    }

    /// What the demo page and the tests are given.
    pub fn text(&self) -> String {
        random::hex(&self.0)
    }

    /// Whether the headers carry it, once.
    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(HEADER).iter();
        let (Some(word), None) = (given.next(), given.next()) else { return false };
        let word: Option<[u8; 32]> = word.to_str().ok().and_then(random::from_hex);
        word.is_some_and(|word| word.ct_eq(&self.0).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_once_is_the_word() {
        let (word, other) = (Word::random().unwrap(), Word::random().unwrap());
        let headers = |words: &[&str]| {
            let mut headers = HeaderMap::new();
            for word in words {
                headers.append(HEADER, word.parse().unwrap());
            }
            headers
        };
        let text = word.text();
        assert!(word.is_in(&headers(&[&text])));
        for wrong in [&[][..], &[""], &[&text[1..]], &[&other.text()], &[&text, &text], &[&text.to_uppercase()]] {
            assert!(!word.is_in(&headers(wrong)), "{wrong:?}");
        }
    }
}
