//! How often a request was sent, and when it is sent again.

use super::{Instant, OpId};

/// The tries of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tries {
    /// Sent so far.
    pub sent: u32,
    /// Sent before the newest try.
    pub before: u32,
    /// Not to be sent before.
    pub due: Instant,
    /// How often in a row the newest token was refused.
    pub refusals: u32,
    /// The last try ended for want of a connection.
    pub unconnected: bool,
    /// How often it moved nothing for too long.
    pub stalls: u32,
}

impl Tries {
    /// A try begins.
    pub fn begin(&mut self) {
        self.before = self.sent;
        self.sent += 1;
    }

    /// The newest one cost nothing, for however many reasons.
    pub fn free(&mut self) {
        self.sent = self.sent.min(self.before);
    }

    /// The same, and the next may be sent at once, as far as its own wait goes.
    pub fn freed(mut self, now: Instant) -> Self {
        self.free();
        Self { due: now, ..self }
    }

    /// The network is back: what failed for want of it waits no longer.
    pub fn reconnected(&mut self, now: Instant) {
        if self.unconnected {
            self.due = self.due.min(now);
        }
    }
}

/// A request that is tried until it is answered: one try at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exchange {
    /// The try under way.
    pub op: Option<OpId>,
    pub tries: Tries,
}

impl Exchange {
    /// Its tries so far, while none is under way.
    pub fn after(tries: Tries) -> Self {
        Self { op: None, tries }
    }

    /// A try begins.
    pub fn send(&mut self, op: OpId) {
        self.op = Some(op);
        self.tries.begin();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_that_costs_nothing_for_two_reasons_is_taken_back_once() {
        let mut tries = Tries::default();
        tries.begin();
        tries.begin();
        tries.free();
        assert_eq!(tries.freed(Instant(7)).sent, 1);
        tries.begin();
        assert_eq!(tries.sent, 2);
    }
}
