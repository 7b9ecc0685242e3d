//! Signed download links: whoever holds one may read one file until it expires, or the member who asked for it is gone.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::error::ApiError;
use crate::random;
use crate::session::MemberId;
use crate::store::FileKey;

/// Signs and checks links. The key lives as long as the process: links do not outlast a restart.
///
/// The signature covers a version, the method, the file key, the member who asked for it and the time of expiry, each
/// preceded by its length. It does not name the session: a file key is random, belongs to one session, and ends with
/// it.
pub(crate) struct LinkSigner {
    key: [u8; 64],
}

/// What a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opens {
    /// The file.
    pub file: FileKey,
    /// For whom: the link ends with the token that asked for it.
    pub member: MemberId,
}

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadLink {
    /// Its parts are missing, malformed, repeated, or do not belong together.
    Forged,
    /// It was good once.
    Expired,
}

impl LinkSigner {
    /// A signer with a fresh key.
    pub fn new() -> Result<Self, ApiError> {
        Ok(Self { key: random::bytes()? })
    }

    /// The path's last segment and the query of a link that expires at `expiry`.
    pub fn sign(&self, opens: Opens, expiry: SystemTime) -> String {
        let expiry = seconds(expiry);
        let mut signature = opens.member.0.to_vec();
        signature.extend_from_slice(&self.mac(opens, expiry).finalize().into_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature);
        format!("{}?expires={expiry}&signature={signature}", random::hex(&opens.file.0))
    }

    /// What a link's last segment and query open at the time `now`.
    pub fn check(&self, segment: &str, query: &str, now: SystemTime) -> Result<Opens, BadLink> {
        let file = FileKey(random::from_hex(segment).ok_or(BadLink::Forged)?);
        let (mut expires, mut signature) = (None, None);
        for field in query.split('&') {
            let slot = match field.split_once('=') {
                Some(("expires", value)) => expires.replace(value),
                Some(("signature", value)) => signature.replace(value),
                _ => return Err(BadLink::Forged),
            };
            if slot.is_some() {
                return Err(BadLink::Forged);
            }
        }
        let (Some(expires), Some(signature)) = (expires, signature) else { return Err(BadLink::Forged) };
        let expiry: u64 = expires.parse().map_err(|_| BadLink::Forged)?;
        // "+5" and "05" read as 5: only the text that was signed counts.
        if expiry.to_string() != expires {
            return Err(BadLink::Forged);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BadLink::Forged)?;
        let (member, signature) = signature.split_first_chunk().ok_or(BadLink::Forged)?;
        let opens = Opens { file, member: MemberId(*member) };
        self.mac(opens, expiry).verify_slice(signature).map_err(|_| BadLink::Forged)?;
        if seconds(now) < expiry { Ok(opens) } else { Err(BadLink::Expired) }
    }

    fn mac(&self, Opens { file, member }: Opens, expiry: u64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(&self.key.into());
        let fields: [&[u8]; 5] = [b"partway/link/v2", b"GET", &file.0, &member.0, &expiry.to_be_bytes()];
        for field in fields {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        mac
    }
}

/// Whole seconds since 1970.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENS: Opens = Opens { file: FileKey([7; 16]), member: MemberId([9; 16]) };

    fn parts(link: &str) -> (&str, &str) {
        link.split_once('?').unwrap()
    }

    #[test]
    fn a_link_opens_its_file_until_the_second_it_expires() {
        let signer = LinkSigner::new().unwrap();
        let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let link = signer.sign(OPENS, expiry);
        let (file, query) = parts(&link);
        assert_eq!(signer.check(file, query, expiry - Duration::from_millis(1)), Ok(OPENS));
        assert_eq!(signer.check(file, query, expiry), Err(BadLink::Expired));
        let (expires, signature) = query.split_once('&').unwrap();
        let turned = format!("{signature}&{expires}");
        assert_eq!(signer.check(file, &turned, SystemTime::UNIX_EPOCH), Ok(OPENS), "order does not matter");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let signer = LinkSigner::new().unwrap();
        let now = SystemTime::now();
        let link = signer.sign(OPENS, now + Duration::from_secs(60));
        for index in 0..link.len() {
            for bit in 0..7 {
                let mut bytes = link.clone().into_bytes();
                bytes[index] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                let Some((file, query)) = changed.split_once('?') else { continue };
                assert_eq!(signer.check(file, query, now), Err(BadLink::Forged), "byte {index}, bit {bit}");
            }
            let (file, query) = parts(&link);
            if index < query.len() {
                assert_eq!(signer.check(file, &query[..index], now), Err(BadLink::Forged), "cut at {index}");
            }
        }
        let (file, query) = parts(&link);
        for added in ["&expires=1", "&signature=x", "&a=b", "&", "x"] {
            assert_eq!(signer.check(file, &format!("{query}{added}"), now), Err(BadLink::Forged), "{added}");
        }
        assert_eq!(LinkSigner::new().unwrap().check(file, query, now), Err(BadLink::Forged), "another key");
    }
}
