//! Encrypted file names: the scheme `partway`, texts that begin with `pw1.`.
//!
//! Pure: no clock, no randomness, no web types. The caller brings the nonce, so every text can be made again from its
//! parts and checked against other implementations (`tests/vectors/names.py`, `tests/contract/names.js`).
//!
//! # Text
//!
//! `pw1.` followed by the envelope in base64url (RFC 4648 section 5), canonical only: no padding, no other alphabet, no
//! white space, spare bits zero. [`MAX_TEXT`] (2,200) characters at most, checked before anything is decoded. `.` is in no
//! base64 alphabet, so the prefix cannot be mistaken for another scheme's text, and a text that bears it is never tried
//! as another scheme.
//!
//! # Envelope
//!
//! | Offset | Bytes | Field |
//! |---|---|---|
//! | 0 | 1 | suite: `0x01`, the key comes from the session ID; every other value is refused |
//! | 1 | 12 | nonce, random, new for every text |
//! | 13 | 64·k, k ≥ 1 | AES-256-GCM ciphertext of the plaintext below |
//! | 13 + 64·k | 16 | GCM tag |
//!
//! - Key: HKDF-SHA-256 (RFC 5869), input the UTF-8 of the session ID exactly as the API returned it (never trimmed,
//!   case-folded or normalised; an empty one is refused), no salt, info the ASCII
//!   `partway/v1/name/session/AES-256-GCM`, 32 bytes out. A key belongs to one label; other uses take other labels below
//!   `partway/v1/`.
//! - Associated data: the 12 ASCII bytes `partway-name`, then the suite byte.
//!
//! # Plaintext
//!
//! | Bytes | Field |
//! |---|---|
//! | 2 | length n of the name in bytes, big-endian, 1 to 1,024 |
//! | n | the name, UTF-8, exactly as given |
//! | any | typed fields: type (1 byte, not 0), length (1 byte), value |
//! | rest | zero bytes up to a multiple of 64 |
//!
//! | Type | Value |
//! |---|---|
//! | `0x01` | size of the file in bytes, u64 big-endian |
//! | `0x02`, `0x03`, `0x06` | kept for content encryption (scheme, salt) and a content ID |
//! | `0x04` | MIME type, 1 to 255 bytes of UTF-8 |
//! | `0x05` | last modification in milliseconds since 1970-01-01 UTC, u64 big-endian |
//! | other, below `0x80` | ignored: a newer writer may say more |
//! | other, from `0x80` | refused: a newer writer says something that must be understood |
//!
//! Writing puts the fields in the order of their types, each at most once, and the least padding. Reading takes them in
//! any order and takes whole blocks of extra padding (a writer may hide the length further); it refuses a known type
//! that comes twice or has another length, a field that runs past the end, bad UTF-8, and padding that is not zero.
//!
//! # What it costs
//!
//! A name of up to 62 bytes without fields, or of up to 25 with size, time and `application/pdf`, is a text of 128
//! characters; the longest text ever written has 1,835. With random nonces 2^20 names of one session collide with probability 2^-57; a session
//! stays far below the 2^32 texts after which a GCM key should rest.
//!
//! # What it promises
//!
//! Encrypting a name under the session ID hides it from someone who obtains stored records, logs or backups but not the
//! session ID. It does not hide it from the service: the service issues the ID in the create-session answer and receives it
//! in the body of every join, so it can decrypt. It does not hide it from other members or from anyone who ever saw the
//! join link. A session password is not part of the key. If the ID is short it can be guessed offline
//! ([`strength`]). Only a `secret` mode (a random key in the URL fragment) would be end-to-end; this version has none. Nor
//! is a name bound to its file: whoever can change the list can swap two names of one session.
//!
//! Keys, hash states and plaintext buffers are wiped when they are dropped. That is best effort: moves may leave copies on
//! the stack, and in a browser the session ID and the names are also JavaScript strings that nobody can wipe. The
//! ciphers are constant-time as source; a WebAssembly engine guarantees nothing about time.
//!
//! # Example
//!
//! ```
//! use partway::names::{NameFields, NameKey, open, seal};
//!
//! let key = NameKey::derive("0f8fad5b-d9cb-469f-a165-70867728950e")?;
//! let fields = NameFields { size: Some(48_213), ..NameFields::default() };
//! let nonce = [7; 12]; // 12 random bytes, never the same twice under one key
//! let text = seal(&key, "report.pdf", &fields, nonce)?;
//! assert!(text.starts_with("pw1.") && text.len() == 128);
//! assert_eq!(open(&key, &text)?.name, "report.pdf");
//! # Ok::<(), partway::names::NameError>(())
//! ```

mod cbc;
mod display;
mod download;
mod encoding;
mod envelope;
mod error;
mod fields;
mod hidden;
mod identify;
mod key;
mod salted;
mod scheme;
mod session;
mod strength;

pub use display::{ShownName, display};
pub use download::safe_download_name;
pub use envelope::{MAX_NAME, MAX_TEXT, OpenedName, PREFIX, open, seal};
pub use error::NameError;
pub use fields::NameFields;
pub use identify::identify;
pub use key::NameKey;
pub use scheme::Scheme;
pub use session::{ReadName, SessionNames};
pub use strength::strength;
