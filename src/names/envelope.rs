//! The envelope: bytes and text around an encrypted name. The layout is in the module's documentation.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::{NameError, NameFields, NameKey};
use crate::aead::{NONCE, TAG};

/// How every text of this scheme begins.
pub const PREFIX: &str = "pw1.";

/// The most characters a text may have; longer ones are refused before they are decoded.
pub const MAX_TEXT: usize = 2_200;

/// The most bytes of UTF-8 a name may have.
pub const MAX_NAME: usize = 1_024;

/// Suite 1: the key comes from the session ID.
const SUITE: u8 = 0x01;

/// What the tag covers beside the ciphertext: the purpose and the suite, so that no text of another use fits here.
const ASSOCIATED: &[u8] = b"partway-name\x01";

/// Plaintexts are padded to a multiple of this, so that the length of a text says little about the name.
const BLOCK: usize = 64;

/// Bytes an envelope has beside its ciphertext.
const OVERHEAD: usize = 1 + NONCE + TAG;

/// A name as it was sealed. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedName {
    /// The name, exactly as the writer gave it: not yet safe to show as markup or to save under.
    pub name: String,
    /// What the writer said of the file.
    pub fields: NameFields,
}

impl fmt::Debug for OpenedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedName").finish_non_exhaustive()
    }
}

/// Checks the length of a name, of whichever scheme.
///
/// # Errors
/// [`NameError::NameLength`] if it is empty or has more than [`MAX_NAME`] bytes.
pub fn check_length(name: &str) -> Result<(), NameError> {
    let bytes = name.len();
    if (1..=MAX_NAME).contains(&bytes) { Ok(()) } else { Err(NameError::NameLength { bytes }) }
}

/// Seals a name and what is known of its file, and returns the text to send as the encrypted name: ASCII, at most 1,835
/// characters.
///
/// `nonce` is 12 bytes from a cryptographic random source, new for every call: two texts under one key and nonce tell
/// the difference of their names and let others forge texts.
///
/// # Errors
/// [`NameError::NameLength`] if the name is empty or has more than [`MAX_NAME`] bytes.
pub fn seal(key: &NameKey, name: &str, fields: &NameFields, nonce: [u8; 12]) -> Result<String, NameError> {
    let mut body = pad(name, fields)?;
    let tag = key.0.encrypt(&nonce, ASSOCIATED, &mut body).map_err(|_| NameError::Cipher)?;
    let mut envelope = Vec::with_capacity(OVERHEAD + body.len());
    envelope.push(SUITE);
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&body);
    envelope.extend_from_slice(&tag);
    Ok([PREFIX, &Base64UrlUnpadded::encode_string(&envelope)].concat())
}

/// Opens a text made by [`seal`] under the same session ID.
///
/// # Errors
/// [`NameError::Unreadable`], whatever the cause.
pub fn open(key: &NameKey, text: &str) -> Result<OpenedName, NameError> {
    // Bytes, not characters: a text that is longer in one than in the other is no base64 anyway.
    let encoded = Some(text).filter(|text| text.len() <= MAX_TEXT).and_then(|text| text.strip_prefix(PREFIX));
    let encoded = encoded.ok_or(NameError::Unreadable)?;
    let envelope = Base64UrlUnpadded::decode_vec(encoded).map_err(|_| NameError::Unreadable)?;
    // Decrypted in place, so these bytes are about to be the name.
    let mut envelope = Zeroizing::new(envelope);

    let (suite, rest) = envelope.split_first_mut().ok_or(NameError::Unreadable)?;
    let (nonce, rest) = rest.split_first_chunk_mut::<NONCE>().ok_or(NameError::Unreadable)?;
    let (body, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(NameError::Unreadable)?;
    if *suite != SUITE || body.is_empty() || body.len() % BLOCK != 0 {
        return Err(NameError::Unreadable);
    }
    key.0.decrypt(nonce, ASSOCIATED, body, tag).map_err(|_| NameError::Unreadable)?;
    unpad(body)
}

/// Lays out the plaintext: length, name, fields, zeros to a whole block.
fn pad(name: &str, fields: &NameFields) -> Result<Zeroizing<Vec<u8>>, NameError> {
    check_length(name)?;
    let length = u16::try_from(name.len()).map_err(|_| NameError::NameLength { bytes: name.len() })?;
    // Room for all that can follow, because growing a vector leaves an unwiped copy behind.
    let most = (2 + MAX_NAME + 3 * (2 + usize::from(u8::MAX))).next_multiple_of(BLOCK);
    let mut plain = Zeroizing::new(Vec::with_capacity(most));
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(name.as_bytes());
    fields.write(&mut plain);
    let padded = plain.len().next_multiple_of(BLOCK);
    plain.resize(padded, 0);
    Ok(plain)
}

/// Takes a plaintext apart; the tag has been checked before.
fn unpad(plain: &[u8]) -> Result<OpenedName, NameError> {
    let (length, rest) = plain.split_first_chunk::<2>().ok_or(NameError::Unreadable)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if !(1..=MAX_NAME).contains(&length) {
        return Err(NameError::Unreadable);
    }
    let (name, rest) = rest.split_at_checked(length).ok_or(NameError::Unreadable)?;
    let name = std::str::from_utf8(name).map_err(|_| NameError::Unreadable)?;
    let fields = NameFields::read(rest)?;
    Ok(OpenedName { name: name.to_owned(), fields })
}
