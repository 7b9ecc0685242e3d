//! The key of a session's names.

use std::fmt;

use zeroize::ZeroizeOnDrop;

use super::NameError;
use crate::aead::{AeadKey, Derivation};

/// HKDF info of suite 1. Part of the format: see the module's documentation.
const INFO: &[u8] = b"partway/v1/name/session/AES-256-GCM";

/// The AES-256-GCM key of one session's names. Wiped when dropped; its `Debug` output shows nothing of it.
///
/// Deriving it costs about as much as opening one name: do it once per session, not once per name.
pub struct NameKey(pub(super) AeadKey);

impl NameKey {
    /// Derives the key from a session ID, taken byte for byte as the API returned it.
    ///
    /// # Errors
    /// [`NameError::EmptySessionId`] if the ID has no characters.
    pub fn derive(session_id: &str) -> Result<Self, NameError> {
        let session = Derivation::new(session_id).ok_or(NameError::EmptySessionId)?;
        session.key(INFO).map(Self).map_err(|_| NameError::Cipher)
    }
}

impl fmt::Debug for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameKey").finish_non_exhaustive()
    }
}

impl ZeroizeOnDrop for NameKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_key() {
        assert_eq!(format!("{:?}", NameKey::derive("session").unwrap()), "NameKey { .. }");
    }
}
