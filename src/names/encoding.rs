//! What a listed text is, by its looks alone.

use base64ct::{Base64UrlUnpadded, Encoding};

use super::cbc::BLOCK;
use super::salted::MAGIC;
use super::{MAX_TEXT, PREFIX};
use crate::aead::{NONCE, TAG};
use crate::text::split_once;

/// How base64 of [`MAGIC`] begins; the next character depends on the salt.
const SALTED: &str = "U2FsdGVkX1";

/// What a listed text is, by its looks. Each kind is read in one way only.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// Begins like our own envelope.
    Partway,
    /// OpenSSL's format: the bytes from the magic on.
    Salted(Vec<u8>),
    /// `iv:ciphertext` in hexadecimal.
    Pair([u8; BLOCK], Vec<u8>),
    /// Bytes in base64 or hexadecimal, as many as an encrypted name has at least.
    Bytes(Vec<u8>),
    /// OpenSSL's format or a pair, damaged.
    Broken,
    /// Empty, or of more than [`MAX_TEXT`] characters: nothing is looked at.
    Unusable,
    /// Anything else.
    Plain,
}

/// Tells what a text is. The rules are in the module's documentation.
pub(super) fn looks(text: &str) -> Looks {
    // Four bytes is the longest character: what is longer than that is not counted.
    if text.is_empty() || text.len() > 4 * MAX_TEXT || characters(text) > MAX_TEXT {
        return Looks::Unusable;
    }
    if text.starts_with(PREFIX) {
        return Looks::Partway;
    }
    if text.bytes().any(|byte| b"\r\n".contains(&byte)) {
        // `openssl enc -a` and its like wrap what they write, and end it with a line break.
        return looks_unwrapped(&text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect::<String>());
    }
    looks_unwrapped(text)
}

/// How many there are: each has one byte that continues no other.
fn characters(text: &str) -> usize {
    text.bytes().filter(|byte| byte & 0xc0 != 0x80).count()
}

fn looks_unwrapped(text: &str) -> Looks {
    if text.starts_with(SALTED) {
        return decode_base64(text).map_or(Looks::Broken, Looks::Salted);
    }
    if let Some((iv, ciphertext)) = split_once(text, b':') {
        return pair(iv, ciphertext);
    }
    let hex = decode_hex(text);
    if let Some(inner) = hex.as_deref().filter(|bytes| bytes.starts_with(SALTED.as_bytes())) {
        let salted = std::str::from_utf8(inner).ok().and_then(decode_base64);
        return salted.map_or(Looks::Broken, Looks::Salted);
    }
    match hex.or_else(|| decode_base64(text)) {
        Some(bytes) if bytes.starts_with(MAGIC) => Looks::Salted(bytes),
        Some(bytes) if bytes.len() >= NONCE + TAG => Looks::Bytes(bytes),
        _ => Looks::Plain,
    }
}

fn pair(iv: &str, ciphertext: &str) -> Looks {
    let iv = decode_hex(iv).and_then(|iv| <[u8; BLOCK]>::try_from(iv).ok());
    match iv {
        Some(iv) if !ciphertext.is_empty() && ciphertext.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            decode_hex(ciphertext).map_or(Looks::Broken, |ciphertext| Looks::Pair(iv, ciphertext))
        }
        _ => Looks::Plain,
    }
}

/// Hexadecimal of either case, whole bytes only.
fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

/// Base64 of either alphabet, padded or not, but canonical: one alphabet, right padding or none, spare bits zero.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.strip_suffix("==").or_else(|| text.strip_suffix("=")).unwrap_or(text);
    let is_padded = bare.len() < text.len();
    if is_padded && !text.len().is_multiple_of(4) {
        return None;
    }
    let has = |letters: &[u8]| bare.bytes().any(|byte| letters.contains(&byte));
    if !has(b"+/") {
        return Base64UrlUnpadded::decode_vec(bare).ok();
    }
    if has(b"-_") {
        return None;
    }
    let url = |letter| match letter {
        '+' => '-',
        '/' => '_',
        other => other,
    };
    Base64UrlUnpadded::decode_vec(&bare.chars().map(url).collect::<String>()).ok()
}

/// Base64 of the usual alphabet, padded. The other one is in the shipped wasm anyway, and an encoder of each kilobytes.
pub(super) fn encode_base64(bytes: &[u8]) -> String {
    let usual = |letter| match letter {
        '-' => '+',
        '_' => '/',
        other => other,
    };
    let mut text: String = Base64UrlUnpadded::encode_string(bytes).chars().map(usual).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Hexadecimal in lower case.
pub(super) fn encode_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
