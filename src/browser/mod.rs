//! Does what the engine decides: `fetch`, `XMLHttpRequest`, `Blob` slices, timers. Works in a window and in a worker.
//!
//! It still decides some things that no simulation sees: ARCHITECTURE.md lists them.

//!
//! Bytes of files never enter wasm memory, which could not shrink again: a part is a `Blob` handed from the file to the
//! request.

use std::pin::Pin;

mod api;
mod body;
mod clock;
mod database;
mod deferred;
mod download;
mod driver;
mod fetch;
mod fingerprint;
mod hold;
mod job;
mod keep;
mod kind;
mod lease;
mod listener;
mod network;
mod news;
mod outage;
mod patience;
mod reader;
mod shared;
mod sleep;
mod store;
mod strays;
mod token;
mod transport;
mod turn;
mod xhr;

#[cfg(test)]
mod tests;

/// A future behind one pointer: each `async` body is then compiled once, not once more into every caller.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

pub use api::{Api, Endpoint};
pub use clock::wall_clock;
pub use download::download;
pub use driver::Driver;
pub use hold::{Resume, Subject};
pub use job::{Job, Snapshot, Watch};
pub use kind::kind;
pub use listener::Listener;
pub use token::{Token, is_header_text};
pub use turn::Turn;
pub use xhr::Xhr;
