//! Every upload of one bucket, as a value: [`Event`]s in, [`Action`]s out, time as an argument.
//!
//! The engine decides and does nothing: no clock, no randomness of its own, no handle of the browser. A file is its
//! size, an upload a number, an [`Instant`] a count of milliseconds. The driver drains [`Engine::poll`], performs each
//! action, reports what came of it through [`Engine::handle`], and calls again at [`Engine::wake_at`].
//!
//! What it keeps under any schedule (checked by `tests/simulation/`, with the exceptions that ARCHITECTURE.md names):
//!
//! - a part counts once, and only after the driver reported its tag as saved; nothing is completed before every tag is;
//! - `sent` never decreases; at most `parallel` parts are in flight over the whole bucket, fewer where more are no use;
//! - a request that moves no byte is given up;
//! - an aborted upload sends nothing more but its removal;
//! - no upload that is done or aborted leaves a file behind that nobody knows the key of, if names are unique;
//! - every upload ends in exactly one of done, failed, aborted;
//! - no wait is infinite but a pause, a missing network and a missing token, which say so.
//!
//! How to drive it is with [`Engine`]; its phases are in a table in ARCHITECTURE.md.

mod admission;
mod backoff;
mod clock;
mod event;
mod few;
mod flight;
mod machine;
mod plan;
mod progress;
mod random;
mod state;
mod upload;
mod window;

#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use clock::Instant;
pub use event::{Action, Event, Kept, Picked, RequestId, UploadId};
pub use machine::{Config, Engine};
pub use plan::{GREATEST_PART, LEAST_PART, MOST_PARTS, Plan};
pub use progress::Progress;
pub use random::Random;
pub use state::State;
