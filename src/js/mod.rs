//! The JavaScript API (`partway.d.ts`). Options in, promises and plain objects out. Besides converting, it runs
//! the steps of a download (`bucket.rs`), and of `unfinished` and `forget` (`unfinished.rs`).
//!
//! Exported structs are handles on shared state; every method takes `&self` and returns a promise of an owned future,
//! so that freeing a handle while a call runs is harmless.

mod bucket;
mod entry;
mod error;
mod future;
mod observer;
mod open;
mod options;
mod record;
mod unfinished;
mod upload;

pub use bucket::Bucket;
pub use open::{identify_names, open_bucket};
pub use upload::Upload;
