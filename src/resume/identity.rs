//! Which file it is.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};

use super::ResumeKey;

/// The most bytes read at each of the three places of a file: 64 KiB.
pub const SAMPLE: u64 = 64 * 1024;

/// What tells one file from another. `Debug` shows none of it.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The name, exactly as the platform gave it.
    pub name: &'a str,
    /// Size in bytes.
    pub size: u64,
    /// Last modification, milliseconds since 1970, where known.
    pub modified: Option<u64>,
    /// The first, middle and last bytes, at most [`SAMPLE`] each; the whole file where it is no longer than three of
    /// them.
    pub sample: &'a [u8],
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").finish_non_exhaustive()
    }
}

impl ResumeKey {
    /// Names the file among the session's rows: 43 characters of base64url that tell nothing of the facts to whoever
    /// lacks the session ID.
    #[must_use]
    pub fn identity(&self, facts: &Facts<'_>) -> String {
        let length = |bytes: &[u8]| (bytes.len() as u64).to_be_bytes();
        let modified = facts.modified.map(|time| time.to_be_bytes().to_vec());
        let digest = self.digest([
            &length(facts.name.as_bytes()),
            facts.name.as_bytes(),
            &facts.size.to_be_bytes(),
            &[u8::from(modified.is_some())],
            modified.as_deref().unwrap_or_default(),
            &length(facts.sample),
            facts.sample,
        ]);
        // A key of 32 bytes is taken by every HMAC, so there is a digest.
        digest.map(|digest| Base64UrlUnpadded::encode_string(&digest)).unwrap_or_default()
    }
}
