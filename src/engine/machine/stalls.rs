//! Requests that move nothing are given up.

use super::{Engine, Sent, Target};
use crate::engine::{Action, Instant, UploadId};
use crate::protocol::{Code, Failure};

/// Bytes a millisecond that a line is taken to move while nothing is known of it. Where it is slower, the first parts are
/// sent twice, and heard of from then on.
const UNKNOWN_LINE: f64 = 2000.0;
/// A part may take this many times what the measured speed suggests.
const MARGIN: f64 = 2.0;
/// However slow the line seems, nobody waits longer for a part that nobody hears of, in milliseconds.
const LONGEST: f64 = 3_600_000.0;
/// A wake-up this late, in milliseconds, was a sleep, or a page that was busy: nobody could have seen bytes move, and
/// answers may lie there unread.
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

    /// How long part `part` may take without a sign, in milliseconds, and whether it must be heard of. What nobody hears
    /// of gets as long as the measured speed says, and is heard of the next time.
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
                self.failed(request, Failure::new(Code::Timeout, "The connection to the service stood still."));
            }
        }
    }

    fn note_stall(&mut self, id: UploadId, request: crate::engine::RequestId) {
        if let Some(Sent { target: Target::Part(_, part), .. }) = self.requests.get(&request)
            && let Some(upload) = self.uploads.get_mut(&id)
            && let Some(flight) = upload.flights.get_mut(part)
        {
            // Nobody heard of it, so the line may only be slow: that costs no try where the next one is heard of.
            if self.config.hears && !upload.heard && flight.moved == 0 && flight.tries.stalls == 0 {
                flight.tries.sent = flight.tries.sent.saturating_sub(1);
            }
            flight.tries.stalls += 1;
        }
    }
}
