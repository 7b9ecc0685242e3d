//! The keys of a session's rows.

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag, aead::AeadInOut};
use base64ct::{Base64UrlUnpadded, Encoding};
use hkdf::{
    Hkdf,
    hmac::{Hmac, Mac},
};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::ResumeError;

const SCOPE: &[u8] = b"partway/v1/resume/scope";
const IDENTITY: &[u8] = b"partway/v1/resume/identity";
const SEAL: &[u8] = b"partway/v1/resume/AES-256-GCM";

/// Bytes of a GCM nonce.
pub(super) const NONCE: usize = 12;

/// Bytes of a GCM tag.
pub(super) const TAG: usize = 16;

/// The keys of one session's rows. Wiped when dropped; its `Debug` output shows nothing of them.
pub struct ResumeKey {
    scope: String,
    // Boxed, so that moving the keys leaves no copies behind.
    identity: Box<Zeroizing<[u8; 32]>>,
    cipher: Box<Aes256Gcm>,
}

impl ResumeKey {
    /// Derives the keys from a session ID, taken byte for byte as the API returned it.
    ///
    /// # Errors
    /// [`ResumeError::EmptySessionId`] if the ID has no characters.
    pub fn derive(session_id: &str) -> Result<Self, ResumeError> {
        if session_id.is_empty() {
            return Err(ResumeError::EmptySessionId);
        }
        let keys = Hkdf::<Sha256>::new(None, session_id.as_bytes());
        let expand = |info: &[u8], out: &mut [u8]| keys.expand(info, out).map_err(|_| ResumeError::Cipher);
        let mut scope = [0; 16];
        expand(SCOPE, &mut scope)?;
        let mut identity = Box::new(Zeroizing::new([0; 32]));
        expand(IDENTITY, identity.as_mut_slice())?;
        let mut seal = Zeroizing::new([0; 32]);
        expand(SEAL, seal.as_mut_slice())?;
        Ok(Self {
            scope: Base64UrlUnpadded::encode_string(&scope),
            identity,
            cipher: Box::new(Aes256Gcm::new((&*seal).into())),
        })
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

    /// Encrypts `buffer` in place and returns the tag.
    pub(super) fn encrypt(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        buffer: &mut [u8],
    ) -> Result<[u8; TAG], ResumeError> {
        self.cipher
            .encrypt_inout_detached(&Nonce::from(*nonce), associated, buffer.into())
            .map(Into::into)
            .map_err(|_| ResumeError::Cipher)
    }

    /// Decrypts `buffer` in place, after the tag was checked.
    pub(super) fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), ResumeError> {
        self.cipher
            .decrypt_inout_detached(&Nonce::from(*nonce), associated, buffer.into(), &Tag::from(*tag))
            .map_err(|_| ResumeError::Unreadable)
    }
}

impl fmt::Debug for ResumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeKey").finish_non_exhaustive()
    }
}

impl ZeroizeOnDrop for ResumeKey {}

/// Compiles only while the ciphers wipe themselves: without the features `zeroize` the promise above would be empty.
const fn wipes_itself<T: ZeroizeOnDrop>() {}
const _: () = wipes_itself::<Aes256Gcm>();
const _: () = wipes_itself::<Zeroizing<[u8; 32]>>();
