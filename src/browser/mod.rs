//! Does what the engine decides, and decides nothing: a body performs one operation of the browser and posts one event.
//! Works in a window and in a worker.
//!
//! [`Driver`] is the loop. Each operation is a future in a file of its own; dropping it withdraws whatever it asked the
//! browser for, and that is how [`Action::Cancel`](crate::engine::Action::Cancel) is performed.
//!
//! Bytes of files never enter wasm memory, which could not shrink again: a part is a `Blob` handed from the file to the
//! request.

use std::pin::Pin;

mod body;
mod clock;
mod connectivity;
mod database;
mod deferred;
mod digest;
mod download;
mod driver;
mod endpoint;
mod fetch;
mod fetched;
mod fingerprint;
mod gathering;
mod kind;
mod lease;
mod leases;
mod list;
mod listener;
mod name;
mod native;
mod observer;
mod operation;
mod property;
mod reader;
mod redirect;
mod service;
mod spawn;
mod store;
mod tab_channel;
mod table;
mod time_slice;
mod token;
mod transport;
mod upload_request;
mod xhr;

#[cfg(test)]
mod tests;

/// A future behind one pointer: each `async` body is then compiled once, not once more into every caller.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

pub use clock::{now, wall_clock};
pub use connectivity::Connectivity;
pub use deferred::Deferred;
pub use driver::Driver;
pub use endpoint::Endpoint;
pub use kind::kind;
pub use listener::Listener;
pub use native::{Native, blob, signal};
pub use observer::{CallObserver, UploadObserver};
pub use property::{dictionary, get, read, read_named, set};
pub use service::Service;
pub use spawn::spawn;
pub use time_slice::{TimeSlice, give_way};
pub use token::{SessionToken, is_header_text};
pub use upload_request::{SourceFile, UploadRequest};
pub use xhr::is_here as has_xhr;
