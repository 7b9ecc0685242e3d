//! How long a part may go without progress.

use super::{FlightStep, Upload};
use crate::engine::shared::Shared;
use crate::engine::tries::Tries;

/// Throughput assumed before any measurement, in bytes a millisecond. On slower lines each first part times out once
/// and is retried over XHR, which reports progress.
const UNKNOWN_LINE: f64 = 2000.0;
/// A part may take this many times what the measured speed suggests.
const MARGIN: f64 = 2.0;
/// Upper bound of that extra time for a request that reports no progress, in milliseconds.
const LONGEST: f64 = 3_600_000.0;

impl Upload {
    /// How long a part may go without progress, in milliseconds, and whether its request must report progress. A
    /// request that reports none gets the time its bytes need at the measured speed as well; its retry reports.
    pub(super) fn patience(&self, part: u32, tries: Tries, shared: &Shared) -> (u64, bool) {
        let bytes = self.plan.len(part).saturating_mul(shared.operations.parts(shared.now).0 as u64 + 1);
        let stall = shared.patience(tries.stalls);
        let report = shared.config.can_report_progress && (self.file.wants_progress || tries.stalls > 0);
        if report {
            // Something on the way may take a part at once, and pass on those before it first.
            let queued = self.meter.carried.takes(bytes).map_or(0, |takes| takes.saturating_add(takes / 2));
            return (stall.max(queued.min(stall.saturating_mul(2))), true);
        }
        let speed = shared.speed.rate(shared.now) / 1000.0;
        let speed = if speed > 0.0 { speed / MARGIN } else { UNKNOWN_LINE };
        let expected = bytes as f64 / speed * f64::from(1_u32 << tries.stalls.min(10));
        (stall.saturating_add(expected.min(LONGEST) as u64), false)
    }

    /// A part moved nothing for too long. Where its request reported no progress, the line may just be slow: that costs
    /// no try if the next request reports progress. Where nothing may be asked, it costs none anyway.
    pub fn note_stall(&mut self, part: u32, shared: &Shared) {
        let is_counted = !shared.link.is_down() && !shared.may_not_ask();
        let can_report = shared.config.can_report_progress && is_counted;
        let reports = self.file.wants_progress;
        let Some(flight) = self.parts.flight_mut(part) else { return };
        if can_report && !reports && flight.moved == 0 && flight.tries.stalls == 0 {
            flight.tries.free();
        }
    }

    /// A look at the file was not answered in time: that is a try, as nothing says that the next one will be.
    pub fn read_hung(&mut self, part: u32) {
        if let Some(flight) = self.parts.flight_mut(part).filter(|flight| matches!(flight.step, FlightStep::Peeking)) {
            flight.tries.begin();
        }
    }
}
