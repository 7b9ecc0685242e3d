//! The key of a session's names.

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag, aead::AeadInOut};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::NameError;

/// HKDF info of suite 1. Part of the format: see the module's documentation.
const INFO: &[u8] = b"partway/v1/name/session/AES-256-GCM";

/// Bytes of a GCM nonce.
pub(super) const NONCE: usize = 12;

/// Bytes of a GCM tag.
pub(super) const TAG: usize = 16;

/// The AES-256-GCM key of one session's names. Wiped when dropped; its `Debug` output shows nothing of it.
///
/// Deriving it costs about as much as opening one name: do it once per session, not once per name.
pub struct NameKey {
    // Boxed, so that moving a `NameKey` leaves no copy of the key schedule behind.
    cipher: Box<Aes256Gcm>,
}

impl NameKey {
    /// Derives the key from a session ID, taken byte for byte as the API returned it.
    ///
    /// # Errors
    /// [`NameError::EmptySessionId`] if the ID has no characters.
    pub fn derive(session_id: &str) -> Result<Self, NameError> {
        if session_id.is_empty() {
            return Err(NameError::EmptySessionId);
        }
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, session_id.as_bytes())
            .expand(INFO, key.as_mut_slice())
            .map_err(|_| NameError::Cipher)?;
        Ok(Self::from_bytes(&key))
    }

    /// A key derived elsewhere, for the schemes of other software.
    pub(super) fn from_bytes(key: &[u8; 32]) -> Self {
        Self { cipher: Box::new(Aes256Gcm::new(key.into())) }
    }

    /// Encrypts `buffer` in place and returns the tag.
    pub(super) fn encrypt(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        buffer: &mut [u8],
    ) -> Result<[u8; TAG], NameError> {
        self.cipher
            .encrypt_inout_detached(&Nonce::from(*nonce), associated, buffer.into())
            .map(Into::into)
            .map_err(|_| NameError::Cipher)
    }

    /// Decrypts `buffer` in place. On an error it still holds the ciphertext: the tag is checked before anything is
    /// decrypted.
    pub(super) fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), NameError> {
        self.cipher
            .decrypt_inout_detached(&Nonce::from(*nonce), associated, buffer.into(), &Tag::from(*tag))
            .map_err(|_| NameError::Unreadable)
    }
}

impl fmt::Debug for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameKey").finish_non_exhaustive()
    }
}

impl ZeroizeOnDrop for NameKey {}

/// Compiles only while the cipher wipes itself: without aes-gcm's feature `zeroize` the promise above would be empty.
const fn wipes_itself<T: ZeroizeOnDrop>() {}
const _: () = wipes_itself::<Aes256Gcm>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_tag_leaves_the_ciphertext_and_no_plaintext() {
        let key = NameKey::derive("session").unwrap();
        let plain = *b"quarterly figures";
        let mut sealed = plain;
        let mut tag = key.encrypt(&[1; NONCE], b"data", &mut sealed).unwrap();
        let ciphertext = sealed;

        tag[15] ^= 1;
        assert_eq!(key.decrypt(&[1; NONCE], b"data", &mut sealed, &tag), Err(NameError::Unreadable));
        assert_eq!(sealed, ciphertext);

        tag[15] ^= 1;
        assert_eq!(key.decrypt(&[1; NONCE], b"other", &mut sealed, &tag), Err(NameError::Unreadable));
        assert_eq!(sealed, ciphertext);

        key.decrypt(&[1; NONCE], b"data", &mut sealed, &tag).unwrap();
        assert_eq!(sealed, plain);
    }

    #[test]
    fn debug_output_shows_no_key() {
        assert_eq!(format!("{:?}", NameKey::derive("session").unwrap()), "NameKey { .. }");
    }
}
