//! How often one request was sent, and what that cost.

use partway::engine::Backoff;
use partway::protocol::Failure;

#[derive(Clone, Debug, Default)]
pub struct Tries {
    /// Tries that certainly cost one: the service answered, and it was no 401.
    pub cost: u32,
    /// Tries that may have cost one besides: it may be everybody that the service refuses.
    pub maybe: u32,
    /// Refusals in a row, each under the newest token there was.
    pub refused: u32,
    pub last: Option<Failure>,
    pub failed_at: u64,
    /// Until when the service asked to wait.
    pub not_before: u64,
    /// The longest wait that the back-off could choose, where nothing else makes it wait.
    pub jitter: Option<u64>,
}

impl Tries {
    /// A try failed. `free`: it certainly cost nothing.
    pub fn failed(&mut self, failure: &Failure, free: bool, backoff: &Backoff, now: u64) {
        let refusal = failure.status == Some(401);
        if free || refusal {
        } else if failure.is_connection_failure() || failure.is_unavailable() {
            self.maybe += 1;
        } else {
            self.cost += 1;
        }
        let bound = backoff.base.saturating_mul(1 << self.cost.saturating_sub(1).min(32)).min(backoff.longest);
        let asked = failure.retry_after.unwrap_or(0).min(Backoff::LONGEST_ASKED);
        self.not_before = now + if refusal { 0 } else { asked };
        self.jitter = (asked == 0 && self.maybe == 0 && !refusal && failure.is_retryable()).then_some(bound);
        self.failed_at = now;
        self.last = Some(failure.clone());
    }

    /// Most tries for a request that fails as it did last.
    pub fn most(&self, attempts: u32) -> u32 {
        self.last.as_ref().map_or(attempts, |failure| {
            if failure.status == Some(401) { attempts } else { failure.max_tries(attempts) }
        })
    }
}
