//! The keys of a session's rows.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use hkdf::hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::ResumeError;
use crate::aead::{AeadKey, Derivation};

const SCOPE: &[u8] = b"partway/v1/resume/scope";
const IDENTITY: &[u8] = b"partway/v1/resume/identity";
const SEAL: &[u8] = b"partway/v1/resume/AES-256-GCM";

/// The keys of one session's rows. Wiped when dropped; its `Debug` output shows nothing of them.
pub struct ResumeKey {
    scope: String,
    // Boxed, so that moving the keys leaves no copy behind.
    identity: Box<Zeroizing<[u8; 32]>>,
    pub(super) seal: AeadKey,
}

impl ResumeKey {
    /// Derives the keys from a session ID, taken byte for byte as the API returned it: those of the version before,
    /// whose rows said nothing of the service.
    ///
    /// # Errors
    /// [`ResumeError::EmptySessionId`] if the ID has no characters.
    pub fn derive(session_id: &str) -> Result<Self, ResumeError> {
        Self::derive_in(session_id, SCOPE)
    }

    /// The same for the session of this ID at one service: `endpoint` is its normalised base URL. Other services share
    /// the key of identities, and neither rows, locks nor channels.
    ///
    /// # Errors
    /// [`ResumeError::EmptySessionId`] if the ID has no characters.
    pub fn derive_at(session_id: &str, endpoint: &str) -> Result<Self, ResumeError> {
        Self::derive_in(session_id, &[SCOPE, b"\0", endpoint.as_bytes()].concat())
    }

    fn derive_in(session_id: &str, label: &[u8]) -> Result<Self, ResumeError> {
        let session = Derivation::new(session_id).ok_or(ResumeError::EmptySessionId)?;
        let mut scope = [0; 16];
        session.fill(label, &mut scope).map_err(|_| ResumeError::Cipher)?;
        let mut identity = Box::new(Zeroizing::new([0; 32]));
        session.fill(IDENTITY, identity.as_mut_slice()).map_err(|_| ResumeError::Cipher)?;
        let seal = session.key(SEAL).map_err(|_| ResumeError::Cipher)?;
        Ok(Self { scope: Base64UrlUnpadded::encode_string(&scope), identity, seal })
    }

    /// The name of the session's rows: 22 characters of base64url that tell nothing of the session ID.
    #[must_use]
    pub fn scope(&self) -> String {
        self.scope.clone()
    }

    pub(super) fn scope_text(&self) -> &str {
        &self.scope
    }

    /// The keyed digest of `pieces`, one after the other.
    pub(super) fn digest<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.identity.as_slice()).ok()?;
        pieces.into_iter().for_each(|piece| mac.update(piece));
        Some(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for ResumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeKey").finish_non_exhaustive()
    }
}

impl ZeroizeOnDrop for ResumeKey {}

/// Compiles only while what holds the key of identities wipes itself.
const fn wipes_itself<T: ZeroizeOnDrop>() {}
const _: () = wipes_itself::<Zeroizing<[u8; 32]>>();
