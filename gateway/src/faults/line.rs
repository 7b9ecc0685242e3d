//! A slow line behind something that takes everything at once: a proxy, an antivirus, the system's buffer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Longest that one body takes.
const LONGEST: Duration = Duration::from_secs(600);

/// The line of one scenario. It carries one body after the other.
#[derive(Default)]
pub(super) struct Line(Mutex<Option<Instant>>);

impl Line {
    /// Puts a body that began to come at `begun` onto the line, and gives when it will have been carried.
    pub fn carry(&self, begun: Instant, bytes: u64, rate: u64) -> Instant {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = free.map_or(begun, |free| free.max(begun));
        let end = start + Duration::from_millis(bytes.saturating_mul(1000) / rate.max(1)).min(LONGEST);
        *free = Some(end);
        end
    }
}
