//! What is kept to resume after a reload or a crash: which file, which upload, which parts, sealed. And what the tabs
//! of a session tell each other about a file, sealed alike.
//!
//! Pure: no clock, no randomness, no web types. The caller brings the nonces, so every row can be made again from its
//! parts and checked against another implementation (`tests/vectors/resume.py`).
//!
//! # Keys
//!
//! All come from the session ID by HKDF-SHA-256 (RFC 5869): input the UTF-8 of the ID exactly as the API returned it,
//! no salt, the info below. A key belongs to one label.
//!
//! | Info | Bytes | Use |
//! |---|---|---|
//! | `partway/v1/resume/scope`, `0x00`, endpoint | 16 | in base64url the *scope*: names rows, locks and channels |
//! | `partway/v1/resume/identity` | 32 | HMAC key of identities |
//! | `partway/v1/resume/AES-256-GCM` | 32 | seals records, tags and messages |
//!
//! The endpoint is the service's base URL: origin and path, without slashes at its end. Two services with one session
//! ID are thus apart. Rows of the version before have the scope of `partway/v1/resume/scope` alone
//! ([`ResumeKey::derive`]).
//!
//! # Identity of a file
//!
//! HMAC-SHA-256, all 32 bytes in base64url, of: length of the name in bytes (u64), the name, size (u64), `1` and
//! milliseconds since 1970 (u64) or `0` where no modification is known, length of the sample (u64), the sample. Numbers
//! are big-endian. The date is left out now, as phones give another at each pick; the version before had it in. Every
//! field is of fixed length or behind its length, so two files share a text only where they agree in everything; the
//! sample is the file's first, middle and last bytes, at most [`SAMPLE`] each.
//!
//! # A sealed row
//!
//! | Offset | Bytes | Field |
//! |---|---|---|
//! | 0 | 1 | version: `0x01`; every other value is refused |
//! | 1 | 12 | nonce, random, new for every row |
//! | 13 | 64·k, k ≥ 1 | AES-256-GCM ciphertext of the plaintext below, padded with zeros to the least k |
//! | 13 + 64·k | 16 | GCM tag |
//!
//! Associated data: the 14 ASCII bytes `partway-resume`, the version, the kind (`0x01` a record, `0x02` a part's tag,
//! `0x03` a message), then scope and identity, each behind its length (u16); a message has no identity here. A part's
//! tag has after them the part's number (u32), and upload ID and key, each behind its length (u16): the tag of an
//! earlier upload of the same file opens as nothing.
//!
//! | Bytes | Plaintext of a record |
//! |---|---|
//! | 8 + 8 + 8 | size, bytes a part, when it began (milliseconds since 1970) |
//! | 1 + 8 | `1` and the last modification, or `0` and zero |
//! | 2 + n, three times | upload ID, key, name: length and UTF-8, each at most [`MAX_TEXT`] |
//!
//! Without a key the record is of an upload about to begin, and the upload ID is its name in the bucket's list. Without
//! an upload ID it is of one that was aborted, and what the bucket has under the key is to be removed.
//!
//! The plaintext of a part is its tag, length (u16) and UTF-8, at most [`MAX_TAG`]; then `1` and the 32 bytes of its
//! [`Digest`], where that is known.
//!
//! # A message
//!
//! It is sealed as a row is, and posted as these bytes. Its plaintext:
//!
//! | Bytes | Plaintext of a message |
//! |---|---|
//! | 2 + n | identity of the file: length and UTF-8, at most [`MAX_TEXT`] |
//! | 1 | `1` a report, `2` a report without a key, `3` a request to hand over, `4` a request for a sign of life |
//! | 8 + 8 + 1 | of a report: bytes sent, parts stored, and `0` where it has not ended, `1` done, `2` given up |
//! | 2 + n | of a report with a key: that, length and UTF-8, at most [`MAX_TEXT`] |
//!
//! Another page of the origin can neither read nor make one without the session ID. It can post one again that it
//! heard: so a message is a hint, and what it says is asked of the service before it is believed.
//!
//! # What it promises
//!
//! Whoever reads the rows without the session ID learns how many uploads of how many sessions stopped on this machine,
//! when they expire and how many parts each has stored: no name, key, tag, size, token or session ID. What
//! is changed, moved to another row, or left over from another upload is refused. An older row of the same upload, put
//! back, is not noticed: it names fewer parts, and those are sent again. A guessable session ID
//! ([`crate::names::strength`]) can be guessed against these rows as against the bucket's names.

mod error;
mod identity;
mod key;
mod message;
mod part;
mod record;
mod row;

pub use error::ResumeError;
pub use identity::{Facts, SAMPLE};
pub use key::ResumeKey;
pub use message::{MAX_MESSAGE, PeerEnd, PeerMessage, PeerReport};
pub use part::{Digest, MAX_TAG, StoredPart};
pub use record::{MAX_TEXT, Record};
