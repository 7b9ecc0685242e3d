//! What must hold whenever the engine has said all it has to say.

use crate::ledger::{Ledger, RulesKnown};
use crate::record::{Record, Slot};
use partway::engine::{Engine, Instant, State, UploadId};
use partway::protocol::Code;

impl Ledger {
    /// Checks the engine after `poll` gave `None`.
    pub fn quiet(&mut self, engine: &Engine) {
        let now = self.now;
        assert!(engine.wake_at().is_none_or(|wake| wake.0 > now), "it asks to be woken in the past: a busy loop");
        self.session_over();
        assert!(self.asks.is_none_or(|(_, latest)| now <= latest), "the token is not asked for any more");
        assert!(self.asks.is_none_or(|(_, latest)| now < latest || self.renewing), "the token is asked for too late");
        let online = self.offline.is_none_or(|(_, until)| until <= now && self.requests.is_empty());
        let may_send = !self.renewing && self.asks.is_none() && self.hold <= now && online;
        let free = may_send && self.requests.len() < self.most_requests();
        self.nothing_stands_still();
        if free && let Some(queued) = self.neglected(engine) {
            panic!("{queued:?} waits in the queue for nothing");
        }
        let asked_for = self.uploads.values().any(|record| record.live() && record.requests == 0);
        let due = self.rules == RulesKnown::No && self.rules_tries.retry.is_none_or(|retry| retry.latest <= now);
        assert!(!(free && asked_for && due), "the rules are not asked for");
        let ids: Vec<UploadId> = self.uploads.keys().copied().collect();
        for id in ids {
            let record = self.record(id);
            if record.forgotten {
                assert_eq!(engine.state(id), None, "a forgotten upload is still there");
                continue;
            }
            record.figures(id, engine, now);
            if record.live() && record.shown.is_some_and(|(_, at)| now - at >= 50) {
                let still = engine.progress(id, Instant(now)).is_some_and(|progress| progress.speed == 0.0);
                assert!(!still || record.shown_speed == 0.0, "{id:?} shows a speed, and nothing moves");
            }
            record.ends(engine.state(id));
            let waits = record.runnable() && !record.following && !record.recalling;
            if self.offline.is_some() && waits {
                assert_eq!(engine.state(id), Some(State::Waiting), "offline, and {id:?} does not say so");
                assert_eq!(
                    self.record(id).shown.map(|(state, _)| state),
                    Some(State::Waiting),
                    "{id:?} does not show it"
                );
            }
            let place = free && self.has_room(self.uploads[&id].flights.len());
            let record = self.record(id);
            if free {
                record.idle_for_nothing(id, now, place);
            }
        }
    }
}

impl Ledger {
    /// What has not moved for too long was given up.
    fn nothing_stands_still(&self) {
        for (request, flight) in &self.requests {
            let since = flight.moved.max(self.woke_at);
            let Some(record) = flight.upload.and_then(|id| self.uploads.get(&id)) else { continue };
            let patience = match flight.slot {
                // What nobody hears of gets the time its bytes need, an hour at most.
                Slot::Part(_) if !flight.heard => self.config.stall + 3_600_000,
                _ => self.config.stall,
            };
            assert!(self.now < since + patience, "{request:?}, {:?} of {:?}, stands still", flight.slot, record.plan);
        }
    }
}

impl Record {
    /// Progress is counted once, from what is saved, and never goes back.
    fn figures(&mut self, id: UploadId, engine: &Engine, now: u64) {
        let progress = engine.progress(id, Instant(now)).expect("known");
        assert!(progress.sent >= self.sent, "sent went back from {} to {}", self.sent, progress.sent);
        assert!(progress.sent <= progress.total, "sent {} of {}", progress.sent, progress.total);
        assert_eq!(progress.total, self.plan.size());
        assert_eq!(progress.parts, self.plan.parts());
        assert!(progress.speed.is_finite() && progress.speed >= 0.0, "a speed of {}", progress.speed);
        assert!(progress.time_left.is_none_or(|left| left.is_finite() && left >= 0.0), "{:?} left", progress.time_left);
        if self.live() {
            if !self.followed {
                assert_eq!(progress.parts_done as usize, self.saved.len(), "parts done are not the parts saved");
            }
            assert_eq!(progress.resumed_from, self.resumed_from, "resumed from elsewhere");
            let stored: u64 = self.tags.keys().map(|part| self.plan.len(*part)).sum();
            assert!(progress.sent >= stored, "sent {} though {stored} are stored", progress.sent);
        }
        self.sent = progress.sent;
    }

    /// An end is an end.
    fn ends(&self, state: Option<State>) {
        let ended = matches!(state, Some(State::Done | State::Failed | State::Aborted));
        assert_eq!(self.end, state.filter(|_| ended), "the end reported is not the state");
        assert!(self.doom.is_none() || self.end.is_some(), "it should have failed: {:?}", self.doom);
        assert!(self.aborted.is_none() || self.end.is_some(), "aborted, and it does not say so");
        assert!(!self.settled || !self.in_flight(), "settled with requests in flight");
        match self.end {
            Some(State::Aborted) => {
                let removing = match self.control {
                    Some((_, Slot::Start)) => self.identity.is_none(),
                    Some((_, slot)) => matches!(slot, Slot::Remove | Slot::Find | Slot::Clear),
                    None => true,
                };
                assert!(removing && self.flights.is_empty(), "an aborted upload still sends");
                assert!(self.settled || self.aborted == Some(false), "aborted to keep, and something is left to do");
            }
            Some(_) => assert!(self.settled || self.doom == Some(Code::FileChanged), "ended and not settled"),
            None => assert!(!self.settled, "settled without an end"),
        }
        if self.live() && self.paused {
            for (part, (_, moved)) in &self.flights {
                assert!(*moved == self.plan.len(*part) && *moved > 0, "paused, and part {part} still moves");
            }
        }
    }

    /// With a place free, all that is due is on its way.
    fn idle_for_nothing(&self, id: UploadId, now: u64, place: bool) {
        if self.aborted.is_some() && !self.settled && self.control.is_none() && !self.lost_start {
            assert!(!self.overdue(Slot::Remove, now), "{id:?}: its removal waits for nothing");
        }
        let elsewhere = self.recalling || self.following;
        if !self.runnable() || self.control.is_some() || self.requests == 0 || self.seeking || elsewhere {
            return;
        }
        if self.identity.is_none() {
            assert!(!self.overdue(Slot::Start, now), "{id:?}: its start waits for nothing");
        } else if self.verifying {
            assert!(!self.overdue(Slot::Verify, now), "{id:?}: nobody asks whether it is still there");
        } else if self.doubt.is_some() {
            assert!(!self.overdue(Slot::Confirm, now), "{id:?}: its doubt waits for nothing");
        } else if self.all_saved() {
            assert!(!self.overdue(Slot::Complete, now), "{id:?}: its completion waits for nothing");
        } else if place {
            assert!(!self.part_overdue(now), "{id:?}: a part waits for nothing");
        }
    }
}
