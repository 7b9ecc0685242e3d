//! Sealed bytes: version, nonce, padded ciphertext, tag. The layout is in the module's documentation.

use zeroize::Zeroizing;

use super::{Digest, Record, ResumeError, ResumeKey};
use crate::aead::{NONCE, TAG};

/// The version of every row.
const VERSION: u8 = 0x01;

/// What associated data begins with.
const LABEL: &[u8] = b"partway-resume";

/// Plaintexts are padded to a multiple of this, so that the length of a row says little of the name in it.
const BLOCK: usize = 64;

/// How many bytes more than its plaintext a row has at most.
pub(super) const LONGEST_OVERHEAD: usize = 1 + NONCE + BLOCK + TAG;

/// Where a row belongs. It opens nowhere else.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// The record of the upload.
    Record,
    /// One part of one upload.
    Part { number: u32, record: &'a Record },
    /// No row, but a message on its way to another tab.
    Message,
}

impl ResumeKey {
    /// Seals `plain` for its place.
    pub(super) fn seal(
        &self,
        identity: &str,
        place: Place<'_>,
        mut plain: Plain,
        nonce: [u8; NONCE],
    ) -> Result<Vec<u8>, ResumeError> {
        let associated = self.associated(identity, place)?;
        let padded = plain.0.len().next_multiple_of(BLOCK);
        plain.0.resize(padded, 0);
        let tag = self.seal.encrypt(&nonce, &associated, &mut plain.0).map_err(|_| ResumeError::Cipher)?;
        let mut row = Vec::with_capacity(1 + NONCE + padded + TAG);
        row.push(VERSION);
        row.extend_from_slice(&nonce);
        row.extend_from_slice(&plain.0);
        row.extend_from_slice(&tag);
        Ok(row)
    }

    /// Opens a row whose plaintext has at most `most` bytes before its padding, and gives that to `read`, which takes
    /// what it knows from the front; the rest must be the least padding of zeros.
    pub(super) fn open<T>(
        &self,
        identity: &str,
        place: Place<'_>,
        row: &[u8],
        most: usize,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Result<T, ResumeError> {
        let associated = self.associated(identity, place)?;
        let (version, rest) = row.split_first().ok_or(ResumeError::Unreadable)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(ResumeError::Unreadable)?;
        let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(ResumeError::Unreadable)?;
        let fits = (BLOCK..=most.next_multiple_of(BLOCK)).contains(&body.len()) && body.len() % BLOCK == 0;
        if *version != VERSION || !fits {
            return Err(ResumeError::Unreadable);
        }
        let mut plain = Zeroizing::new(body.to_vec());
        self.seal.decrypt(nonce, &associated, &mut plain, tag).map_err(|_| ResumeError::Unreadable)?;
        let mut reader = Reader(&plain);
        let read = read(&mut reader).ok_or(ResumeError::Unreadable)?;
        let padding = reader.0;
        if padding.len() >= BLOCK || padding.iter().any(|byte| *byte != 0) {
            return Err(ResumeError::Unreadable);
        }
        Ok(read)
    }

    fn associated(&self, identity: &str, place: Place<'_>) -> Result<Vec<u8>, ResumeError> {
        let mut out = LABEL.to_vec();
        out.push(VERSION);
        out.push(match place {
            Place::Record => 0x01,
            Place::Part { .. } => 0x02,
            Place::Message => 0x03,
        });
        let text = |out: &mut Vec<u8>, text: &str| {
            let length = u16::try_from(text.len()).map_err(|_| ResumeError::Limit)?;
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(text.as_bytes());
            Ok(())
        };
        text(&mut out, self.scope_text())?;
        text(&mut out, identity)?;
        if let Place::Part { number, record } = place {
            out.extend_from_slice(&number.to_be_bytes());
            text(&mut out, &record.upload_id)?;
            text(&mut out, &record.key)?;
        }
        Ok(out)
    }
}

/// A plaintext being laid out. Wiped when dropped.
pub(super) struct Plain(Zeroizing<Vec<u8>>);

impl Plain {
    /// An empty plaintext with room for `most` bytes and their padding: growing a vector leaves an unwiped copy behind.
    pub(super) fn with_room(most: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(most.next_multiple_of(BLOCK))))
    }

    pub(super) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A text behind its length, if that is at most `most`.
    pub(super) fn text(&mut self, text: &str, most: usize) -> Result<(), ResumeError> {
        let length = u16::try_from(text.len()).ok().filter(|_| text.len() <= most).ok_or(ResumeError::Limit)?;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Takes a plaintext apart from its front.
pub(super) struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*number))
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A digest, or what there is in its place: the padding. `None` if it is neither.
    pub(super) fn digest(&mut self) -> Option<Option<Digest>> {
        match self.0.split_first() {
            None | Some((0, _)) => Some(None),
            Some((1, rest)) => {
                let (digest, rest) = rest.split_first_chunk()?;
                self.0 = rest;
                Some(Some(*digest))
            }
            Some(_) => None,
        }
    }

    pub(super) fn text(&mut self, most: usize) -> Option<String> {
        let (length, rest) = self.0.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (text, rest) = rest.split_at_checked(length).filter(|_| length <= most)?;
        self.0 = rest;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }
}
