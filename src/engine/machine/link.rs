//! Whether there is a network.

use super::Engine;
use crate::engine::Instant;

/// A browser may be wrong about being offline: after so long, one request finds out. In milliseconds.
const PROBE_EVERY: u64 = 30_000;

/// The connection to the network, as the browser and the requests tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    /// Down: nothing is sent until then.
    until: Option<Instant>,
    /// When it went.
    since: Instant,
}

impl Link {
    /// There is no network.
    pub fn went(&mut self, now: Instant) {
        if self.until.is_none() {
            self.since = now;
        }
        self.until = Some(now.plus(PROBE_EVERY));
    }

    /// Whether there is no network, as far as is known.
    pub fn is_down(&self) -> bool {
        self.until.is_some()
    }

    /// When something may be sent again.
    pub fn waits_until(&self) -> Instant {
        self.until.unwrap_or_default()
    }
}

impl Engine {
    /// The service answered a request sent at `sent`: there is a network, whatever the browser says, if that was later.
    pub(super) fn reached(&mut self, sent: Instant) {
        if self.link.is_down() && sent > self.link.since {
            self.reconnected();
        }
    }

    /// There is no network, the browser says.
    pub(super) fn disconnected(&mut self) {
        self.link.went(self.now);
        self.queue_changed = true;
    }

    /// What failed for want of a network is sent again at once.
    pub(super) fn reconnected(&mut self) {
        self.link = Link::default();
        self.queue_changed = true;
        self.rules_tries.reconnected(self.now);
        for id in &self.active {
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.reconnected(self.now);
            }
        }
    }
}
