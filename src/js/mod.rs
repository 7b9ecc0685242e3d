//! The JavaScript API (`partway.d.ts`): options in, promises and plain objects out. It converts; `reopen` also asks the
//! person for the file.
//!
//! Exported structs are handles on shared state; every method takes `&self` and returns a promise of an owned future,
//! so that freeing a handle while a call runs is harmless.

mod bucket;
mod call;
mod entry;
mod error;
mod observer;
mod open;
mod options;
mod options_reader;
mod unfinished;
mod upload;

pub use bucket::Bucket;
pub use open::{identify_names, open_bucket};
pub use upload::Upload;
