//! Requests that move nothing are given up.

use super::{Engine, Sent, Target};
use crate::engine::{Action, Instant, UploadId};
use crate::protocol::Failure;

/// Throughput assumed before any measurement, in bytes a millisecond. On slower lines each first part times out once
/// and is retried over XHR, which reports progress.
const UNKNOWN_LINE: f64 = 2000.0;
/// A part may take this many times what the measured speed suggests.
const MARGIN: f64 = 2.0;
/// Upper bound of that extra time for a request that reports no progress, in milliseconds.
const LONGEST: f64 = 3_600_000.0;
/// A wake-up this late, in milliseconds, means that the machine slept or the page was busy: progress events could not
/// be delivered, and answers may be waiting unread.
const SLEPT: u64 = 500;

impl Engine {
    /// Time goes on. After a sleep (or in a tab whose timers are held back) every request is given one more chance.
    pub(super) fn advance(&mut self, now: Instant) {
        if now <= self.now {
            return;
        }
        let slept = self.wakes.is_some_and(|at| now.since(at) > SLEPT);
        self.now = now;
        if slept {
            let until = now.plus(self.config.stall);
            for id in &self.active {
                let Some(upload) = self.uploads.get_mut(id) else { continue };
                for deadline in upload.deadlines_mut().filter(|deadline| !deadline.put_off) {
                    deadline.at = deadline.at.max(until);
                    deadline.put_off = true;
                }
            }
        }
    }

    /// How long part `part` may go without progress, in milliseconds, and whether its request must report progress. A
    /// request that reports none gets the time its bytes need at the measured speed as well; its retry reports.
    pub(super) fn patience(&self, id: UploadId, part: u32) -> (u64, bool) {
        let Some(upload) = self.uploads.get(&id) else { return (self.config.stall, false) };
        let stalls = upload.stalls(part);
        let watched = self.config.hears && stalls > 0;
        if watched || upload.heard {
            return (self.config.stall, watched);
        }
        let speed = self.speed.rate(self.now) / 1000.0;
        let speed = if speed > 0.0 { speed / MARGIN } else { UNKNOWN_LINE };
        let bytes = upload.plan.len(part).saturating_mul(self.parts_in_flight as u64 + 1);
        let expected = bytes as f64 / speed * f64::from(1_u32 << stalls.min(10));
        (self.config.stall.saturating_add(expected.min(LONGEST) as u64), false)
    }

    /// Gives up what has moved nothing for too long.
    pub(super) fn give_up_stalled(&mut self) {
        for id in self.active.clone() {
            while let Some(request) = self.uploads.get(&id).and_then(|upload| upload.overdue(self.now)) {
                self.outbox.push_back(Action::Cancel { request });
                self.note_stall(id, request);
                self.failed(request, Failure::stalled(self.config.stall));
            }
        }
    }

    fn note_stall(&mut self, id: UploadId, request: crate::engine::RequestId) {
        if let Some(Sent { target: Target::Part(_, part), .. }) = self.requests.get(&request)
            && let Some(upload) = self.uploads.get_mut(&id)
            && let Some(flight) = upload.flights.get_mut(part)
        {
            // The request reported no progress, so the line may just be slow. That costs no try if the next request
            // reports progress.
            if self.config.hears && !upload.heard && flight.moved == 0 && flight.tries.stalls == 0 {
                flight.tries.sent = flight.tries.sent.saturating_sub(1);
            }
            flight.tries.stalls += 1;
        }
    }
}
