//! AES-256-GCM under keys that HKDF-SHA-256 derives from a session ID: for names, and for what is kept of uploads.

use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag, aead::AeadInOut};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Bytes of a GCM nonce.
pub(crate) const NONCE: usize = 12;

/// Bytes of a GCM tag.
pub(crate) const TAG: usize = 16;

/// The cipher refuses: the tag does not fit, or the input is longer than it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// A session ID from which keys are derived (RFC 5869, no salt): a separate one for each label.
pub(crate) struct Derivation(Hkdf<Sha256>);

impl Derivation {
    /// Takes the ID byte for byte as the API returned it. An empty one gives none.
    pub fn new(session_id: &str) -> Option<Self> {
        (!session_id.is_empty()).then(|| Self(Hkdf::new(None, session_id.as_bytes())))
    }

    /// Fills `bytes` with those of `label`. In place, since a move leaves a copy behind.
    pub fn fill(&self, label: &[u8], bytes: &mut [u8]) -> Result<(), Refused> {
        self.0.expand(label, bytes).map_err(|_| Refused)
    }

    /// The key of `label`.
    pub fn key(&self, label: &[u8]) -> Result<AeadKey, Refused> {
        let mut key = Zeroizing::new([0; 32]);
        self.fill(label, key.as_mut_slice())?;
        Ok(AeadKey::new(&key))
    }
}

/// A key of AES-256-GCM. Wiped when dropped.
pub(crate) struct AeadKey {
    // Boxed, so that moving the key leaves no copy of its schedule behind.
    cipher: Box<Aes256Gcm>,
}

impl AeadKey {
    pub fn new(key: &[u8; 32]) -> Self {
        Self { cipher: Box::new(Aes256Gcm::new(key.into())) }
    }

    /// Encrypts `buffer` in place and returns the tag.
    pub fn encrypt(&self, nonce: &[u8; NONCE], associated: &[u8], buffer: &mut [u8]) -> Result<[u8; TAG], Refused> {
        self.cipher
            .encrypt_inout_detached(&Nonce::from(*nonce), associated, buffer.into())
            .map(Into::into)
            .map_err(|_| Refused)
    }

    /// Decrypts `buffer` in place. On an error it still holds the ciphertext: the tag is checked before anything is
    /// decrypted.
    pub fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), Refused> {
        self.cipher
            .decrypt_inout_detached(&Nonce::from(*nonce), associated, buffer.into(), &Tag::from(*tag))
            .map_err(|_| Refused)
    }
}

impl ZeroizeOnDrop for AeadKey {}

/// Compiles only while the cipher wipes itself: without aes-gcm's feature `zeroize` the promise above would be empty.
const fn wipes_itself<T: ZeroizeOnDrop>() {}
const _: () = wipes_itself::<Aes256Gcm>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_tag_leaves_the_ciphertext_and_no_plaintext() {
        let key = AeadKey::new(&[7; 32]);
        let plain = *b"quarterly figures";
        let mut sealed = plain;
        let mut tag = key.encrypt(&[1; NONCE], b"data", &mut sealed).unwrap();
        let ciphertext = sealed;

        tag[15] ^= 1;
        assert_eq!(key.decrypt(&[1; NONCE], b"data", &mut sealed, &tag), Err(Refused));
        assert_eq!(sealed, ciphertext);

        tag[15] ^= 1;
        assert_eq!(key.decrypt(&[1; NONCE], b"other", &mut sealed, &tag), Err(Refused));
        assert_eq!(sealed, ciphertext);

        key.decrypt(&[1; NONCE], b"data", &mut sealed, &tag).unwrap();
        assert_eq!(sealed, plain);
    }
}
