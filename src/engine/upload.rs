//! One upload: what of it is sent, stored, saved, and what is left.

use super::few::Few;
use super::flight::{Deadline, Flight, Tries};
use super::progress::Speed;
use super::{Instant, Kept, Picked, Plan, Progress, RequestId, State};
use crate::protocol::Failure;
use std::collections::BTreeMap;

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    Queued,
    /// Was it begun before, and does another page send it?
    Recalling,
    /// Another page sends it.
    Following,
    /// It was begun before: does the service still have it?
    Verifying,
    Starting,
    /// The answer to a start was lost: what did that leave in the bucket?
    Seeking(After),
    /// Removing what was found.
    Clearing(After),
    Sending,
    Completing,
    /// Was the completion done all the same?
    Confirming(Doubt),
    /// Remove what the bucket has, once the key is known.
    Removing,
    Settled,
}

/// A request that failed and may have been acted on all the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Doubt {
    pub failure: Failure,
    /// How often it was sent.
    pub tries: u32,
}

/// What to do once all orphans are removed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum After {
    /// Another start.
    Start(Doubt),
    /// The upload is done.
    Done,
    /// Nothing.
    Settle,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Done,
    Failed(Failure),
    Aborted,
}

/// What names the upload to the service.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub key: String,
    pub upload_id: String,
}

#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub plan: Plan,
    pub findable: bool,
    pub heard: bool,
    pub phase: Phase,
    pub end: Option<End>,
    pub paused: bool,
    /// What is stored stays of use after the end.
    pub keep: bool,
    pub identity: Option<Identity>,
    /// It goes on from what an earlier page kept.
    pub recalled: bool,
    /// Another page would send it.
    pub wanted: bool,
    /// A start was answered by nothing: it may have left a file that nobody knows the key of.
    pub lost_start: bool,
    /// Keys of such files.
    pub orphans: Vec<String>,
    /// The phase's own request, parts apart.
    pub control: Tries,
    pub control_request: Option<RequestId>,
    pub control_deadline: Deadline,
    /// Parts on their way, by number.
    pub flights: Few<u32, Flight>,
    /// When it was last given a part to send: who waited longest is served first.
    pub served: u64,
    /// What the person was last shown.
    pub shown: State,
    pub shown_at: Instant,
    pub moved_since_shown: bool,
    /// A speed above 0 was shown.
    pub shown_moving: bool,
    pub speed: Speed,
    /// The lowest part never tried.
    next: u32,
    /// Parts to be sent again, by number.
    again: BTreeMap<u32, Tries>,
    /// By number, from 1: an empty one is not there yet.
    tags: Vec<Option<String>>,
    saving: Few<u32, ()>,
    saved_parts: u32,
    stored_bytes: u64,
    highest_sent: u64,
    resumed_from: u64,
    /// Parts that another page has stored.
    parts_elsewhere: u32,
}

impl Upload {
    pub fn new(picked: Picked, plan: Plan) -> Self {
        Self {
            plan,
            findable: picked.findable,
            heard: picked.heard,
            phase: Phase::Queued,
            end: None,
            paused: false,
            keep: false,
            identity: None,
            recalled: false,
            wanted: false,
            lost_start: false,
            orphans: Vec::new(),
            control: Tries::default(),
            control_request: None,
            control_deadline: Deadline::default(),
            flights: Few::default(),
            served: 0,
            shown: State::Queued,
            shown_at: Instant::default(),
            moved_since_shown: false,
            shown_moving: false,
            speed: Speed::default(),
            next: 1,
            again: BTreeMap::new(),
            tags: Vec::new(),
            saving: Few::default(),
            saved_parts: 0,
            stored_bytes: 0,
            highest_sent: 0,
            resumed_from: 0,
            parts_elsewhere: 0,
        }
    }

    /// Goes on from what an earlier page kept.
    pub fn recall(&mut self, kept: Kept) {
        self.plan = Plan::new(self.plan.size(), Some(kept.part_size));
        self.identity = Some(Identity { key: kept.key, upload_id: kept.upload_id });
        self.recalled = true;
        self.forget_parts();
        for (part, tag) in kept.tags {
            if (1..=self.plan.parts()).contains(&part) && self.tag(part).is_none() {
                self.keep_tag(part, tag);
                self.saved_parts += 1;
            }
        }
        self.resumed_from = self.stored_bytes;
        self.highest_sent = self.highest_sent.max(self.stored_bytes);
        self.moved_since_shown = true;
        self.skip_stored();
    }

    /// The checkpoint of an upload that this page began and left to another page. It has no tags, because the other
    /// page may have stored parts again.
    pub fn left(&self) -> Option<Kept> {
        let Identity { key, upload_id } = self.identity.clone()?;
        Some(Kept { key, upload_id, part_size: self.plan.part_size(), tags: Vec::new() })
    }

    /// The service no longer has what was stored: begins anew.
    pub fn begin_anew(&mut self) {
        self.identity = None;
        self.recalled = false;
        self.resumed_from = 0;
        self.forget_parts();
    }

    fn forget_parts(&mut self) {
        self.next = 1;
        self.again.clear();
        self.tags.clear();
        self.saving = Few::default();
        (self.saved_parts, self.stored_bytes) = (0, 0);
    }

    /// The tag of a part that is stored.
    pub fn tag(&self, part: u32) -> Option<&String> {
        self.tags.get((part as usize).checked_sub(1)?)?.as_ref()
    }

    fn keep_tag(&mut self, part: u32, tag: String) {
        let place = part as usize;
        self.tags.resize(self.tags.len().max(place), None);
        if let Some(kept) = self.tags.get_mut(place - 1) {
            *kept = Some(tag);
        }
        self.stored_bytes += self.plan.len(part);
    }

    /// Parts that were stored before are not sent again.
    fn skip_stored(&mut self) {
        while self.tag(self.next).is_some() {
            self.next += 1;
        }
    }

    /// Whether every part is stored and saved.
    pub fn is_whole(&self) -> bool {
        self.saved_parts == self.plan.parts()
    }

    /// Whether nothing of it is on its way, to the service or to where tags are kept.
    pub fn is_idle(&self) -> bool {
        self.control_request.is_none() && self.flights.is_empty() && self.saving.is_empty()
    }

    /// Another page sends it and is so far.
    pub fn elsewhere(&mut self, sent: u64, parts_done: u32, now: Instant) {
        let sent = sent.min(self.plan.size());
        self.speed.moved(sent.saturating_sub(self.highest_sent), now);
        self.highest_sent = self.highest_sent.max(sent);
        self.parts_elsewhere = self.parts_elsewhere.max(parts_done.min(self.plan.parts()));
        self.moved_since_shown = true;
    }

    /// The bucket has all of it, whoever sent what.
    pub fn count_all(&mut self) {
        self.highest_sent = self.plan.size();
        self.parts_elsewhere = self.plan.parts();
    }

    /// Begins `phase`, whose request has not been tried yet.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.control = Tries::default();
    }

    /// The phase's request failed like this before; it is sent again at `due`.
    pub fn again(&mut self, doubt: &Doubt, due: Instant) {
        self.control =
            Tries { sent: doubt.tries, due, unconnected: doubt.failure.is_unconnected(), ..Tries::default() };
    }

    /// Whether the phase's own request waits to be sent, be it due or not.
    pub fn wants_control(&self) -> bool {
        self.control_request.is_none()
            && match self.phase {
                Phase::Verifying | Phase::Starting | Phase::Completing | Phase::Confirming(_) => !self.paused,
                Phase::Seeking(_) | Phase::Clearing(_) => !self.paused || self.end.is_some(),
                Phase::Removing => self.identity.is_some(),
                Phase::Queued | Phase::Recalling | Phase::Following | Phase::Sending | Phase::Settled => false,
            }
    }

    /// The lowest part that can be sent at `now`.
    pub fn sendable(&self, now: Instant) -> Option<u32> {
        if self.paused || self.phase != Phase::Sending {
            return None;
        }
        let again = self.again.iter().find(|(_, tries)| tries.due <= now).map(|(part, _)| *part);
        again.or_else(|| (self.next <= self.plan.parts()).then_some(self.next))
    }

    /// Part `part` is sent, as `request`.
    pub fn send(&mut self, part: u32, request: RequestId, deadline: Instant, now: Instant) {
        if self.flights.is_empty() {
            self.speed.begin(now);
        }
        if part == self.next {
            self.next += 1;
            self.skip_stored();
        }
        let mut tries = self.again.remove(&part).unwrap_or_default();
        tries.sent += 1;
        let deadline = Deadline { at: deadline, put_off: false };
        self.flights.insert(part, Flight { request, moved: 0, tries, deadline });
    }

    /// How often this part has moved nothing for too long.
    pub fn stalls(&self, part: u32) -> u32 {
        self.again.get(&part).map_or(0, |tries| tries.stalls)
    }

    /// `bytes` of the part were handed to the network so far; it may stand still for `patience` now.
    pub fn moved(&mut self, part: u32, bytes: u64, patience: u64, now: Instant) {
        let length = self.plan.len(part);
        if let Some(flight) = self.flights.get_mut(&part) {
            let bytes = bytes.min(length);
            let more = bytes.saturating_sub(flight.moved);
            if more > 0 {
                flight.deadline = Deadline { at: now.plus(patience), put_off: false };
            }
            flight.moved = flight.moved.max(bytes);
            self.advance(more, now);
        }
    }

    /// The part is stored under `tag`. It counts when that is saved.
    pub fn stored(&mut self, part: u32, tag: String, now: Instant) {
        if let Some(flight) = self.flights.remove(&part) {
            self.keep_tag(part, tag);
            self.saving.insert(part, ());
            self.advance(self.plan.len(part).saturating_sub(flight.moved), now);
        }
    }

    /// The part's tag is saved. Says whether it was the last.
    pub fn saved(&mut self, part: u32) -> bool {
        if self.saving.remove(&part).is_some() {
            self.saved_parts += 1;
            self.moved_since_shown = true;
        }
        self.phase == Phase::Sending && self.is_whole()
    }

    /// The part's try came to nothing; it is to be tried again.
    pub fn try_again(&mut self, part: u32, tries: Tries) {
        self.flights.remove(&part);
        self.again.insert(part, tries);
    }

    /// One tag a part, in part order.
    pub fn tags(&self) -> Vec<String> {
        self.tags.iter().flatten().cloned().collect()
    }

    /// When something of this upload can be sent next, if only time is in its way.
    pub fn due(&self) -> Option<Instant> {
        if self.wants_control() {
            return Some(self.control.due);
        }
        if self.paused || self.phase != Phase::Sending {
            return None;
        }
        if self.next <= self.plan.parts() {
            return Some(Instant::default());
        }
        self.again.values().map(|tries| tries.due).min()
    }

    /// The network is back: what failed for want of it waits no longer.
    pub fn reconnected(&mut self, now: Instant) {
        for tries in self.again.values_mut().chain([&mut self.control]) {
            tries.reconnected(now);
        }
    }

    /// The earliest deadline of its requests.
    pub fn deadline(&self) -> Option<Instant> {
        let control = self.control_request.map(|_| self.control_deadline.at);
        self.flights.values().map(|flight| flight.deadline.at).chain(control).min()
    }

    /// Every deadline of its requests.
    pub fn deadlines_mut(&mut self) -> impl Iterator<Item = &mut Deadline> {
        self.flights.values_mut().map(|flight| &mut flight.deadline).chain([&mut self.control_deadline])
    }

    /// A request whose deadline is over.
    pub fn overdue(&self, now: Instant) -> Option<RequestId> {
        let part = self.flights.values().find(|flight| flight.deadline.at <= now).map(|flight| flight.request);
        part.or(self.control_request.filter(|_| self.control_deadline.at <= now))
    }

    /// The state at `now`; `blocked` says that nothing at all may be sent until then, `offline` why.
    pub fn state(&self, now: Instant, blocked: bool, offline: bool) -> State {
        match &self.end {
            Some(End::Done) => return State::Done,
            Some(End::Failed(_)) => return State::Failed,
            Some(End::Aborted) => return State::Aborted,
            None if self.paused => return State::Paused,
            None => {}
        }
        let waits = offline || self.is_idle() && (blocked || self.due().is_some_and(|due| due > now));
        match &self.phase {
            Phase::Queued if offline => State::Waiting,
            Phase::Queued | Phase::Settled => State::Queued,
            Phase::Following => State::Uploading,
            Phase::Recalling => State::Starting,
            _ if waits => State::Waiting,
            Phase::Verifying | Phase::Starting | Phase::Seeking(After::Start(_)) | Phase::Clearing(After::Start(_)) => {
                State::Starting
            }
            Phase::Sending => State::Uploading,
            _ => State::Completing,
        }
    }

    /// A snapshot at `now`.
    pub fn progress(&self, now: Instant) -> Progress {
        let total = self.plan.size();
        let speed = if matches!(self.shown, State::Uploading) { self.speed.rate(now) } else { 0.0 };
        let time_left = match &self.end {
            Some(End::Done) => Some(0.0),
            _ if speed > 0.0 => Some((total - self.highest_sent) as f64 * 1000.0 / speed),
            _ => None,
        };
        Progress {
            sent: self.highest_sent,
            total,
            parts_done: self.saved_parts.max(self.parts_elsewhere),
            parts: self.plan.parts(),
            speed,
            time_left,
            resumed_from: self.resumed_from,
        }
    }

    fn advance(&mut self, bytes: u64, now: Instant) {
        self.speed.moved(bytes, now);
        let moving: u64 = self.flights.values().map(|flight| flight.moved).sum();
        self.highest_sent = self.highest_sent.max(self.stored_bytes + moving);
        self.moved_since_shown = true;
    }
}
