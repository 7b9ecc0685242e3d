//! Session IDs, bearer tokens and passwords as values: made, checked, and turned into what may be stored.
//!
//! The store holds no token, no session ID and no password. A session is found by the SHA-256 of its ID, a token is
//! checked against the SHA-256 of its secret half. The ID that a member may ask for again (`GET /session/current`) is
//! stored once for each member, combined with a pad that only that member's token yields; so whoever steals the data
//! folder learns no ID, and with it no file name.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::error::ApiError;
use crate::random;

/// Bytes of randomness in a session ID: 192 bits, 32 characters of text.
const ID_BYTES: usize = 24;

/// A member's public name in the store and in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MemberId(pub [u8; 16]);

/// What a session is stored under: the SHA-256 of its ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey(pub [u8; 32]);

/// A session's ID: key material of its members' file names, so it is neither shown nor stored.
#[derive(Clone)]
pub(crate) struct SessionId([u8; ID_BYTES]);

/// A session ID as it is stored for one member.
pub(crate) type SealedId = [u8; ID_BYTES];

impl SessionId {
    /// A new ID.
    pub fn random() -> Result<Self, ApiError> {
        Ok(Self(random::bytes()?))
    }

    /// The ID that `text` spells, where it can be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The text that members know.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the session is stored under.
    pub fn key(&self) -> SessionKey {
        SessionKey(Sha256::digest(self.0).into())
    }

    /// What is stored of the session's password. It is keyed by the ID, which is not stored:
    /// without the ID there is nothing to try guesses against, so no slow hash is needed.
    pub fn password_hash(&self, password: &str) -> [u8; 32] {
        mac(&self.0, &[b"partway/password/v1", password.as_bytes()])
    }

    /// Whether `password` is the one that `stored` was made of, in constant time.
    pub fn password_is(&self, stored: &[u8; 32], password: &str) -> bool {
        self.password_hash(password).ct_eq(stored).into()
    }

    /// The ID in the form stored for the member who holds `token`.
    pub fn seal(&self, token: &Token) -> SealedId {
        token.pad(self.0)
    }

    /// The ID that was stored for the member who holds `token`.
    pub fn open(sealed: SealedId, token: &Token) -> Self {
        Self(token.pad(sealed))
    }
}

/// A bearer token: the member's ID, then 256 random bits. Neither shown nor compared except through [`Token::is`].
pub(crate) struct Token {
    /// Whose token it is.
    pub member: MemberId,
    secret: [u8; 32],
}

impl Token {
    /// A new token for a new member.
    pub fn random() -> Result<Self, ApiError> {
        Ok(Self { member: MemberId(random::bytes()?), secret: random::bytes()? })
    }

    /// The token that `text` spells, where it can be one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (member, secret) = bytes.split_first_chunk::<16>()?;
        Some(Self { member: MemberId(*member), secret: secret.try_into().ok()? })
    }

    /// The text the member sends as `Authorization: Bearer`.
    pub fn text(&self) -> String {
        let mut bytes = self.member.0.to_vec();
        bytes.extend_from_slice(&self.secret);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What is stored of the token.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    /// Whether this is the token that `stored` was made of, in constant time.
    pub fn is(&self, stored: &[u8; 32]) -> bool {
        self.hash().ct_eq(stored).into()
    }

    /// `bytes` combined with a pad that takes the secret to make. Each secret pads one session ID and nothing else.
    fn pad(&self, mut bytes: [u8; ID_BYTES]) -> [u8; ID_BYTES] {
        let pad = mac(&self.secret, &[b"partway/session-id/v1"]);
        bytes.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
        bytes
    }
}

fn mac(key: &[u8], fields: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length: this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for field in fields {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field);
    }
    mac.finalize().into_bytes().into()
}

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_the_token() {
        let (token, other) = (Token::random().unwrap(), Token::random().unwrap());
        let text = token.text();
        assert_eq!(text.len(), 64);
        assert!(Token::parse(&text).unwrap().is(&token.hash()));
        assert!(!other.is(&token.hash()));
        for wrong in ["", &text[1..], &format!("{text}A"), &format!("{text}\0"), &text[..63], "é"] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_id_is_recovered_with_the_members_token_only() {
        let id = SessionId::random().unwrap();
        assert_eq!(id.text().len(), 32);
        assert_eq!(SessionId::parse(&id.text()).unwrap().key(), id.key());
        let (token, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(SessionId::open(id.seal(&token), &token).text(), id.text());
        assert_ne!(SessionId::open(id.seal(&token), &other).text(), id.text());
        assert_ne!(id.seal(&token), id.0);
    }

    #[test]
    fn a_password_counts_in_its_own_session_only() {
        let (id, other) = (SessionId::random().unwrap(), SessionId::random().unwrap());
        let stored = id.password_hash("open sesame");
        assert!(id.password_is(&stored, "open sesame"));
        assert!(!id.password_is(&stored, "open sesame "));
        assert!(!other.password_is(&stored, "open sesame"));
    }
}
