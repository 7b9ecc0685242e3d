//! A session's names: read whatever the scheme, written in the one asked for.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::cbc::{BLOCK, CbcKey};
use super::encoding::{Looks, encode_base64, encode_hex, looks};
use super::salted;
use super::{MAX_NAME, NameError, NameFields, NameKey, Scheme, check_length, open, seal};
use crate::aead::{AeadKey, NONCE, TAG};

/// A listed name as it was read. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadName {
    /// The name, exactly as the writer gave it: not yet safe to show or to save under.
    pub name: String,
    /// How it was written.
    pub scheme: Scheme,
    /// Whether it was proven to come from a holder of the session ID.
    pub authenticated: bool,
    /// What the writer said of the file; empty unless `scheme` is [`Scheme::Partway`].
    pub fields: NameFields,
}

impl ReadName {
    fn bare(name: String, scheme: Scheme) -> Self {
        Self { name, scheme, authenticated: scheme.authenticates(), fields: NameFields::default() }
    }
}

impl fmt::Debug for ReadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadName").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// One session's keys for every scheme, derived once. Wiped when dropped; its `Debug` output shows nothing of them.
pub struct SessionNames {
    keys: Option<Keys>,
    /// Whether what looks encrypted, and no key opens, is a plain name.
    plain: bool,
}

struct Keys {
    /// What `cryptojs` derives its keys from, anew for each text.
    session_id: Zeroizing<Vec<u8>>,
    partway: NameKey,
    hashed: KeyPair,
    /// Where the ID has 32 bytes, as it is or without its dashes.
    raw: Option<KeyPair>,
}

/// One key for both modes.
struct KeyPair {
    gcm: AeadKey,
    cbc: CbcKey,
}

impl KeyPair {
    fn new(key: &[u8; 32]) -> Self {
        Self { gcm: AeadKey::new(key), cbc: CbcKey::new(key) }
    }
}

impl SessionNames {
    /// Derives the keys from a session ID, taken byte for byte as the API returned it. Without one only plain names can
    /// be read and written.
    ///
    /// # Errors
    /// [`NameError::EmptySessionId`] if the ID has no characters.
    pub fn new(session_id: Option<&str>) -> Result<Self, NameError> {
        session_id.map(Keys::derive).transpose().map(|keys| Self { keys, plain: false })
    }

    /// The same for a bucket whose names are written in `scheme`: where that is [`Scheme::Plain`], a run of base64 or
    /// hexadecimal that no key opens is a name, such as a hash, and not one of another session.
    #[must_use]
    pub fn expecting(self, scheme: Scheme) -> Self {
        Self { plain: scheme == Scheme::Plain, ..self }
    }

    /// Reads a listed text, by the rules of the module's documentation. `None` where it is encrypted, or looks so, and
    /// this session ID does not open it.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<ReadName> {
        let plain = || Some(ReadName::bare(text.to_owned(), Scheme::Plain));
        match (looks(text), &self.keys) {
            (Looks::Unusable, _) | (Looks::Partway, None) | (Looks::Broken, Some(_)) => None,
            (Looks::Plain, _) | (_, None) => plain(),
            (Looks::Partway, Some(keys)) => {
                let opened = open(&keys.partway, text).ok()?;
                Some(ReadName { fields: opened.fields, ..ReadName::bare(opened.name, Scheme::Partway) })
            }
            (Looks::Salted(bytes), Some(keys)) => {
                salted::decrypt(&keys.session_id, &bytes).map(|name| ReadName::bare(name, Scheme::CryptoJs))
            }
            (Looks::Pair(iv, ciphertext), Some(keys)) => keys.read_pair(&iv, &ciphertext),
            (Looks::Bytes(bytes), Some(keys)) => keys.read_bytes(&bytes).or_else(|| plain().filter(|_| self.plain)),
        }
    }

    /// Writes a name as `scheme` has it. `fields` travel with [`Scheme::Partway`] alone. `random` fills its argument
    /// from a cryptographic random source; it is called once, or not at all for [`Scheme::Plain`].
    ///
    /// # Errors
    /// [`NameError::NameLength`]; [`NameError::NameCharacters`] where the scheme has no tag and a reader could not tell
    /// the name from chance; [`NameError::NameForm`] where a plain name would not be read as one;
    /// [`NameError::SessionIdMissing`]; [`NameError::SessionIdLength`]; [`NameError::Random`] where `random` fails.
    pub fn write<E>(
        &self,
        scheme: Scheme,
        name: &str,
        fields: &NameFields,
        random: &mut dyn FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<String, NameError> {
        check_length(name)?;
        if scheme == Scheme::Plain {
            let read = self.read(name).filter(|read| read.scheme == Scheme::Plain);
            return read.map(|read| read.name).ok_or(NameError::NameForm);
        }
        let keys = self.keys.as_ref().ok_or(NameError::SessionIdMissing)?;
        match scheme {
            Scheme::Partway => seal(&keys.partway, name, fields, draw(random)?),
            Scheme::CryptoJs => Ok(encode_base64(&salted::encrypt(&keys.session_id, draw(random)?, name)?)),
            Scheme::GcmSha256 => write_gcm(&keys.hashed.gcm, name, draw(random)?),
            Scheme::GcmRaw32 => write_gcm(&keys.raw()?.gcm, name, draw(random)?),
            Scheme::CbcRaw32 => {
                let key = &keys.raw()?.cbc;
                let iv = draw(random)?;
                Ok([&encode_hex(&iv), ":", &encode_hex(&key.encrypt(&iv, name)?)].concat())
            }
            Scheme::Plain => Ok(name.to_owned()),
        }
    }
}

impl fmt::Debug for SessionNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionNames").finish_non_exhaustive()
    }
}

impl Keys {
    fn derive(session_id: &str) -> Result<Self, NameError> {
        let partway = NameKey::derive(session_id)?;
        let hash = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(session_id)));
        Ok(Self {
            session_id: Zeroizing::new(session_id.as_bytes().to_vec()),
            partway,
            hashed: KeyPair::new(&hash),
            raw: raw_key(session_id).map(|key| KeyPair::new(&key)),
        })
    }

    fn raw(&self) -> Result<&KeyPair, NameError> {
        self.raw.as_ref().ok_or(NameError::SessionIdLength)
    }

    /// Bytes without a sign of their scheme: four candidates at most.
    fn read_bytes(&self, bytes: &[u8]) -> Option<ReadName> {
        let gcm = || {
            read_gcm(&self.hashed.gcm, bytes)
                .map(|name| ReadName::bare(name, Scheme::GcmSha256))
                .or_else(|| Some(ReadName::bare(read_gcm(&self.raw.as_ref()?.gcm, bytes)?, Scheme::GcmRaw32)))
        };
        gcm().or_else(|| self.read_run(bytes))
    }

    fn read_pair(&self, iv: &[u8; BLOCK], ciphertext: &[u8]) -> Option<ReadName> {
        let name = self.cbc_keys().find_map(|key| key.decrypt(iv, ciphertext))?;
        Some(ReadName::bare(name, Scheme::CbcRaw32))
    }

    /// IV and ciphertext in one. A text whose writer sent no IV, but took zeros, is read as a whole name with zeros
    /// too: then the first block is no IV, and what follows it only the end of a name.
    fn read_run(&self, bytes: &[u8]) -> Option<ReadName> {
        let (iv, ciphertext) = bytes.split_first_chunk()?;
        let read = |key: &CbcKey| key.decrypt(iv, ciphertext).filter(|_| key.decrypt(&[0; BLOCK], bytes).is_none());
        self.cbc_keys().find_map(read).map(|name| ReadName::bare(name, Scheme::CbcRaw32))
    }

    fn cbc_keys(&self) -> impl Iterator<Item = &CbcKey> {
        [self.raw.as_ref(), Some(&self.hashed)].into_iter().flatten().map(|pair| &pair.cbc)
    }
}

/// The session ID as a key of 32 bytes: as it is, or without its dashes.
fn raw_key(session_id: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bare = Zeroizing::new(Vec::with_capacity(session_id.len()));
    bare.extend(session_id.bytes().filter(|&byte| byte != b'-'));
    [session_id.as_bytes(), &bare].into_iter().find_map(|key| key.try_into().ok()).map(Zeroizing::new)
}

/// The name in nonce, ciphertext and tag. The tag proves it, so only its form is checked.
fn read_gcm(key: &AeadKey, bytes: &[u8]) -> Option<String> {
    let (nonce, rest) = bytes.split_first_chunk::<NONCE>()?;
    let (sealed, tag) = rest.split_last_chunk::<TAG>()?;
    if !(1..=MAX_NAME).contains(&sealed.len()) {
        return None;
    }
    let mut body = Zeroizing::new(sealed.to_vec());
    key.decrypt(nonce, &[], &mut body, tag).ok()?;
    std::str::from_utf8(&body).ok().map(str::to_owned)
}

/// Nonce, ciphertext and tag, in base64.
fn write_gcm(key: &AeadKey, name: &str, nonce: [u8; NONCE]) -> Result<String, NameError> {
    let mut body = Zeroizing::new(name.as_bytes().to_vec());
    let tag = key.encrypt(&nonce, &[], &mut body).map_err(|_| NameError::Cipher)?;
    Ok(encode_base64(&[&nonce, &**body, &tag].concat()))
}

fn draw<const N: usize, E>(random: &mut dyn FnMut(&mut [u8]) -> Result<(), E>) -> Result<[u8; N], NameError> {
    let mut bytes = [0; N];
    random(&mut bytes).map_err(|_| NameError::Random)?;
    Ok(bytes)
}
