//! A request on its way, and how often it was.

use super::{Instant, RequestId};

/// The tries of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tries {
    /// Sent so far.
    pub sent: u32,
    /// Not to be sent before.
    pub due: Instant,
    /// The last answer was a 401, and a token newer than the one it refused was asked for.
    pub refused: bool,
    /// The last try ended for want of a connection.
    pub unconnected: bool,
    /// How often it moved nothing for too long.
    pub stalls: u32,
}

impl Tries {
    /// The network is back: what failed for want of it waits no longer.
    pub fn reconnected(&mut self, now: Instant) {
        if self.unconnected {
            self.due = self.due.min(now);
        }
    }
}

/// A part on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub request: RequestId,
    pub moved: u64,
    pub tries: Tries,
    pub deadline: Deadline,
}

/// When a request is given up unless something moves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deadline {
    pub at: Instant,
    /// It was put off once because nobody was awake to see bytes move.
    pub put_off: bool,
}
