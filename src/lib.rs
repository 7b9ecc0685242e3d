//! Partway uploads files of any size, in parts, from a browser to a session's bucket, over a session-storage Upload
//! API, and keeps their names unreadable to whoever lacks the session ID.
//!
//! The rooms of the house, and which way data flows:
//!
//! - [`protocol`]: the Upload API as plain values. Pure.
//! - [`engine`]: decides what is sent when. Pure, with time and randomness from outside.
//! - [`names`]: encrypted file names. Pure, with randomness from outside.
//! - [`resume`]: what is kept of an unfinished upload, sealed. Pure, with randomness from outside.
//! - `aead`: the cipher of `names` and `resume`, and its keys from a session ID. Pure.
//! - `text`: numbers as text, and what is searched in one. Pure.
//! - `allocator` (wasm only): a small one.
//! - `browser` (wasm only): does what the engine decides, with `fetch`, `XMLHttpRequest`, `Blob`, IndexedDB, Web Locks
//!   and one timer. A body there performs one operation of the browser and posts one event.
//! - `js` (wasm only): the JavaScript API. It converts.
//!
//! A `File` comes in at `js`, the engine decides, the browser does, and the answer goes back to the engine as an event.

mod aead;
#[cfg(target_family = "wasm")]
mod allocator;
pub mod engine;
pub mod names;
pub mod protocol;
pub mod resume;
mod text;

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(target_family = "wasm")]
pub mod js;
