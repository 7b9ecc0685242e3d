//! A secret that a flag gives.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What of it is kept: enough to know it again. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Whether `given` is the secret, in constant time, whatever its length.
    #[must_use]
    pub fn is(&self, given: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        given.ct_eq(&self.0).into()
    }
}

impl FromStr for Secret {
    type Err = &'static str;

    // Any other text is one: what is refused is repeated in the message that says so.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Err("it must not be empty") } else { Ok(Self(Sha256::digest(text).into())) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_and_not_shown() {
        let secret: Secret = "open sesame".parse().unwrap();
        assert!(secret.is(b"open sesame"));
        for wrong in [&b""[..], b"open sesam", b"open sesame ", b"OPEN SESAME"] {
            assert!(!secret.is(wrong));
        }
        assert_eq!(format!("{secret:?}"), "Secret");
        assert!("".parse::<Secret>().is_err());
    }
}
