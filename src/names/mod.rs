//! File names as a bucket lists them: our own scheme `partway`, and those of other software. What makes them safe to
//! show and to save under is JavaScript: `www/partway_names.js`.
//!
//! Pure: no clock, no randomness, no web types. The caller brings nonces, salts and IVs, so every text can be made
//! again from its parts and checked against other implementations (`tests/vectors/`, `tests/names_peers.rs`).
//!
//! # Schemes
//!
//! "AES256 with the session ID as key" names no mode, no derivation and no encoding. These are written
//! ([`SessionNames::write`]) and read ([`SessionNames::read`]); base64 is the standard alphabet with padding, `ID` the
//! bytes of the session ID.
//!
//! | Scheme | Text | Key | Tag |
//! |---|---|---|---|
//! | `partway` | `pw1.` + base64url of the envelope below | HKDF-SHA-256 | yes |
//! | `cryptojs` | base64(`Salted__`, salt 8, AES-256-CBC of the name) | below | no |
//! | `gcm-sha256` | base64(nonce 12, AES-256-GCM of the name, tag 16), no associated data | SHA-256(ID) | yes |
//! | `gcm-raw32` | the same | the raw key | yes |
//! | `cbc-raw32` | hex(IV 16) `:` hex(AES-256-CBC of the name), lower case | the raw key | no |
//! | `plain` | the name | none | no |
//!
//! - The raw key is the ID where it has 32 bytes, else the ID without its dashes where that has 32 (a GUID), else there
//!   is none and writing is refused ([`NameError::SessionIdLength`]).
//! - `cryptojs` derives key and IV by OpenSSL's EVP_BytesToKey with MD5 and one round: `D1 = MD5(ID, salt)`,
//!   `D2 = MD5(D1, ID, salt)`, `D3 = MD5(D2, ID, salt)`; the key is `D1 D2`, the IV `D3`. It is
//!   `openssl enc -aes-256-cbc -md md5`.
//! - CBC has PKCS#7 padding. Nothing proves its names, so they are believed only with right padding, right UTF-8, 1 to
//!   1,024 bytes, and no control character, `/` or `\`; other names are not written so ([`NameError::NameCharacters`]).
//! - Reading is wider than writing. `cryptojs` is also read from hexadecimal and from hexadecimal of its base64; the
//!   GCM ones from hexadecimal, base64url and base64 without padding; `cbc-raw32` also from one such run of IV and
//!   ciphertext, and under SHA-256(ID). Line breaks, as `openssl enc -a` writes them, are not looked at but in
//!   `partway`.
//! - A plain name that would not be read back as one is not written ([`NameError::NameForm`]).
//!
//! # Which scheme a text is of
//!
//! The first rule that fits decides, and no text that fits it is tried by a later one:
//!
//! 1. Empty, or more than [`MAX_TEXT`] (2,200) characters: not read, not decoded.
//! 2. Begins with `pw1.`: `partway`, or not read. Never anything else: no downgrade.
//! 3. Begins with `U2FsdGVkX1`: `cryptojs`, or not read. The same for hexadecimal of such a text, and for base64 and
//!    hexadecimal of bytes that begin with `Salted__`.
//! 4. 32 hexadecimal digits, `:`, at least one hexadecimal digit and nothing else: `cbc-raw32`, or not read.
//! 5. Hexadecimal (whole bytes, either case), else canonical base64 or base64url, of at least 28 bytes: GCM under
//!    SHA-256(ID), then under the raw key; then, where it is whole blocks, CBC under the raw key and under SHA-256(ID),
//!    unless an IV of zeros gives a name of all of it (that text has no IV, so the rest is a part of a name). Where
//!    none fits it is not read: a name that happens to look so, such as 64 hexadecimal digits without an extension,
//!    cannot be told from one of another session. In a bucket whose names are written as `plain` it is one
//!    ([`SessionNames::expecting`]).
//! 6. Anything else is `plain`, proven by nobody.
//!
//! Without a session ID there is nothing to try: rules 1 and 2 hold, and every other text is plain.
//!
//! So a text costs at most one decoding, two tags over 1,052 bytes and two CBC keys, each of which looks at the last
//! block before it looks at the rest: less than opening the longest `partway` text.
//!
//! # Text of `partway`
//!
//! `pw1.` followed by the envelope in base64url (RFC 4648 section 5), canonical only: no padding, no other alphabet, no
//! white space, spare bits zero. [`MAX_TEXT`] (2,200) characters at most, checked before anything is decoded. `.` is in
//! no base64 alphabet, so the prefix cannot be mistaken for another scheme's text, and a text that bears it is never
//! tried as another scheme.
//!
//! # Envelope of `partway`
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
//!   `partway/v1/name/session/AES-256-GCM`, 32 bytes out. A key belongs to one label; other uses take other labels
//!   below `partway/v1/`.
//! - Associated data: the 12 ASCII bytes `partway-name`, then the suite byte.
//!
//! # Plaintext of `partway`
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
//! In `partway`, a name of up to 62 bytes without fields, or of up to 25 with size, time and `application/pdf`, is a
//! text of 128 characters; the longest text ever written has 1,835. With random nonces 2^20 names of one session
//! collide with probability 2^-57; a session stays far below the 2^32 texts after which a GCM key should rest.
//!
//! # What it promises
//!
//! Whoever can change the list can put any `plain`, `cryptojs` or `cbc-raw32` text there: show such names as unproven
//! ([`ReadName::authenticated`]).
//!
//! Encrypting a name under the session ID hides it from someone who obtains stored records, logs or backups but not the
//! session ID. It does not hide it from the service: the service issues the ID in the create-session answer and
//! receives it in the body of every join, so it can decrypt. It does not hide it from other members or from anyone who
//! ever saw the join link. A session password is not part of the key. If the ID is short it can be guessed offline
//! ([`strength`]). Only a `secret` mode (a random key in the URL fragment) would be end-to-end; this version has none.
//! Nor is a name bound to its file: whoever can change the list can swap two names of one session.
//!
//! Keys, hash states and plaintext buffers are wiped when they are dropped. That is best effort: moves may leave copies
//! on the stack, and in a browser the session ID and the names are also JavaScript strings that nobody can wipe. The
//! ciphers are constant-time as source; a WebAssembly engine guarantees nothing about time.
//!
//! # Example
//!
//! ```
//! use partway::names::{NameFields, Scheme, SessionNames};
//!
//! let names = SessionNames::new(Some("0f8fad5b-d9cb-469f-a165-70867728950e"))?;
//! let read = names.read("U2FsdGVkX18BAgMEBQYHCPIV58uT/w6rvOSskUmlCPk=").expect("a text of this session");
//! assert_eq!((read.name.as_str(), read.scheme, read.authenticated), ("report.pdf", Scheme::CryptoJs, false));
//! assert!(names.read("pw1.of-another-session").is_none());
//! # Ok::<(), partway::names::NameError>(())
//! ```
//!
//! The envelope alone:
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
mod encoding;
mod envelope;
mod error;
mod fields;
mod identify;
mod key;
mod salted;
mod scheme;
mod session;
mod strength;

pub use envelope::{MAX_NAME, MAX_TEXT, OpenedName, PREFIX, check_length, open, seal};
pub use error::NameError;
pub use fields::NameFields;
pub use identify::identify;
pub use key::NameKey;
pub use scheme::Scheme;
pub use session::{ReadName, SessionNames};
pub use strength::strength;
