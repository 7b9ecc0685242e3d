//! Cancellations: what stood still, or what nobody wants any more.

use crate::ledger::{Flight, Ledger};
use crate::record::{Retry, Slot};
use partway::engine::RequestId;
use partway::protocol::{Code, Failure};

impl Ledger {
    /// Whether some request has not moved for as long as it may stand still.
    pub fn stands_still(&self) -> bool {
        self.requests.values().any(|flight| self.now >= flight.moved + self.config.stall)
    }

    fn is_useless(&self, request: RequestId, flight: &Flight) -> bool {
        flight.upload.is_some_and(|id| self.uploads[&id].useless.contains(&request))
    }

    /// Whether a cancellation is what a stall asks for, and nothing else did.
    fn stalls(&self, flight: &Flight) -> bool {
        let Some(record) = flight.upload.and_then(|id| self.uploads.get(&id)) else { return false };
        let tidies = matches!(flight.slot, Slot::Remove | Slot::Find | Slot::Clear);
        if (self.tokenless_at == Some(self.now) && !record.live())
            || self.now < flight.moved + self.config.stall
            || (record.doom.is_some() && record.end.is_none())
        {
            return false;
        }
        let paused = match flight.slot {
            Slot::Part(part) => record
                .flights
                .get(&part)
                .is_some_and(|(_, moved)| record.paused && (*moved < record.plan.len(part) || *moved == 0)),
            _ => false,
        };
        match record.aborted {
            Some(_) if self.asks.is_some() => false,
            Some(keep) => !keep && (flight.slot == Slot::Start || (tidies && flight.sent >= record.aborted_at)),
            None => !paused && record.end.is_none() || tidies,
        }
    }

    /// A request is cancelled: it stood still, or there is a reason.
    pub fn cancelled(&mut self, request: RequestId) {
        let flight = *self.requests.get(&request).expect("only a request in flight is cancelled");
        if !self.is_useless(request, &flight) && self.stalls(&flight) {
            self.counts.add("fault: stood still");
            self.stall_halves(flight.sent);
            if let (Slot::Part(_), Some(id), false, true) =
                (flight.slot, flight.upload, flight.heard, self.config.hears)
            {
                // The line may only be slow; the next try is heard of.
                self.record(id).tries.entry(flight.slot).or_default().sent -= 1;
                self.counts.add("stall: a try for free");
            }
            self.failed(request, &Failure::new(Code::Timeout, "stood still"));
            return;
        }
        self.requests.remove(&request);
        self.counts.add("request: cancelled");
        let (now, interrupted) = (self.now, self.interrupted);
        let record = self.record(flight.upload.expect("the rules are never cancelled"));
        match flight.slot {
            Slot::Part(part) => {
                let (_, moved) = record.flights.remove(&part).expect("in flight");
                if record.live() && record.doom.is_none() && !record.tries.is_empty() {
                    assert!(record.paused || interrupted, "cancelled for nothing");
                    assert!(moved < record.plan.len(part) || moved == 0, "a part wholly sent is cancelled by a pause");
                    let tries = record.tries.entry(flight.slot).or_default();
                    tries.sent -= 1;
                    tries.retry = Some(Retry::at_once(now));
                }
            }
            slot => {
                assert!(!record.live() || record.doom.is_some() || interrupted, "cancelled for nothing");
                record.lost_start |= slot == Slot::Start;
                record.control = None;
            }
        }
    }
}
