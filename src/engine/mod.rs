//! Every upload of one bucket, as a value: [`Event`]s in, [`Action`]s out, time as an argument.
//!
//! The engine decides and does nothing: no clock, no randomness of its own, no handle of the browser. A file is its
//! size and its name, an upload a number, an [`Instant`] a count of milliseconds. The driver drains [`Engine::poll`],
//! performs each action, tells what came of it through [`Engine::handle`], and calls again at [`Engine::wake_at`].
//!
//! What it keeps under any schedule (each is a function in `tests/simulation/promises/`):
//!
//! - a part counts once, and only after its tag is stored, or keeping was given up, which is said; nothing is completed
//!   before every part counts;
//! - `sent` never decreases; at most `parallel` parts are in flight over the whole bucket, fewer where more are no use;
//! - a request that moves no byte is given up; offline and without a token no try is spent;
//! - an aborted upload sends nothing more but its removal;
//! - every upload ends in exactly one of done, failed, aborted, every call in one answer; an end is shown before the
//!   upload settles, `done` only after its record is deleted;
//! - no upload that is done or aborted leaves a file behind that nobody knows the key of, if names are unique;
//! - a file is sent by one tab at a time;
//! - what the service refuses to everybody fails no upload for a quarter of an hour, and is asked for now and then;
//! - a download that ends well is the file, byte for byte;
//! - no wait is infinite but a pause, a missing network and a missing token, which say so.
//!
//! How to drive it is with [`Engine`]; the stages of an upload are in a table in ARCHITECTURE.md.

mod action;
mod admission;
mod availability;
mod backoff;
mod call;
mod calls;
mod clock;
mod config;
mod download;
mod event;
mod file_name;
mod id;
mod link;
mod machine;
mod operations;
mod plan;
mod progress;
mod random;
mod shared;
mod sizes;
mod small_map;
mod starts;
mod state;
mod token;
mod tries;
mod upload;
mod window;

#[cfg(test)]
mod tests;

pub use action::{Action, Ask, Checkpoint, Link, PartBody, Remote, View};
pub use backoff::Backoff;
pub use call::{Answer, Call, Unfinished};
pub use clock::Instant;
pub use config::{Config, ParseDate, Platform, RulesSource, TokenSource};
pub use event::{Bytes, Event, FileSpec, Gathered, Given, Lock, Outcome, Stored};
pub use file_name::{FileName, WriteName};
pub use id::{CallId, Identity, OpId, UploadId};
pub use machine::Engine;
pub use plan::{GREATEST_PART, LEAST_PART, MOST_PARTS, Plan};
pub use progress::Progress;
pub use random::Random;
pub use state::State;
