//! One upload: what of it is sent, stored, saved, and what is left.

use super::few::Few;
use super::progress::Speed;
use super::{Instant, Plan, Progress, RequestId};
use crate::protocol::Failure;
use std::collections::BTreeMap;

/// What a person sees of an upload (`UploadState` in `partway.d.ts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Picked, not begun.
    Queued,
    /// Announced to the service.
    Starting,
    /// Parts are on their way.
    Uploading,
    /// Nothing can be sent just now: between tries, or until the token is renewed.
    Waiting,
    /// Until someone resumes it.
    Paused,
    /// Every part is stored and saved; the service joins them.
    Completing,
    /// Stored.
    Done,
    /// Given up; the failure says why.
    Failed,
    /// Aborted by the caller.
    Aborted,
}

impl State {
    /// The state as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Uploading => "uploading",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Completing => "completing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    Queued,
    Starting,
    Sending,
    Completing,
    /// Was the completion, whose answer failed like this, done all the same? `tries`: completions sent so far.
    Confirming {
        doubt: Failure,
        tries: u32,
    },
    /// Aborted: remove what the bucket has, once the key is known.
    Removing,
    Settled,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Done,
    Failed(Failure),
    Aborted,
}

/// The tries of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tries {
    /// Sent so far.
    pub sent: u32,
    /// Not to be sent before.
    pub due: Instant,
    /// The last answer was a 401, and a token newer than the one it refused was asked for.
    pub refused: bool,
}

/// A part on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub request: RequestId,
    pub moved: u64,
    pub tries: Tries,
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
    pub phase: Phase,
    pub end: Option<End>,
    pub paused: bool,
    pub identity: Option<Identity>,
    /// The phase's own request, parts apart.
    pub control: Tries,
    pub control_request: Option<RequestId>,
    /// Parts on their way, by number.
    pub flights: Few<u32, Flight>,
    /// When it was last given a part to send: who waited longest is served first.
    pub served: u64,
    /// What the person was last shown.
    pub shown: State,
    pub shown_at: Instant,
    pub moved_since_shown: bool,
    speed: Speed,
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
}

impl Upload {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            phase: Phase::Queued,
            end: None,
            paused: false,
            identity: None,
            control: Tries::default(),
            control_request: None,
            flights: Few::default(),
            served: 0,
            shown: State::Queued,
            shown_at: Instant::default(),
            moved_since_shown: false,
            speed: Speed::default(),
            next: 1,
            again: BTreeMap::new(),
            tags: Vec::new(),
            saving: Few::default(),
            saved_parts: 0,
            stored_bytes: 0,
            highest_sent: 0,
        }
    }

    /// Begins `phase`, whose request has not been tried yet.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.control = Tries::default();
    }

    /// Whether the phase's own request waits to be sent, be it due or not.
    pub fn wants_control(&self) -> bool {
        self.control_request.is_none()
            && match self.phase {
                Phase::Starting | Phase::Completing | Phase::Confirming { .. } => !self.paused,
                Phase::Removing => self.identity.is_some(),
                Phase::Queued | Phase::Sending | Phase::Settled => false,
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
    pub fn send(&mut self, part: u32, request: RequestId, now: Instant) {
        if self.flights.is_empty() {
            self.speed.begin(now);
        }
        if part == self.next {
            self.next += 1;
        }
        let mut tries = self.again.remove(&part).unwrap_or_default();
        tries.sent += 1;
        self.flights.insert(part, Flight { request, moved: 0, tries });
    }

    /// `bytes` of the part were handed to the network so far.
    pub fn moved(&mut self, part: u32, bytes: u64, now: Instant) {
        let length = self.plan.len(part);
        if let Some(flight) = self.flights.get_mut(&part) {
            let bytes = bytes.min(length);
            let more = bytes.saturating_sub(flight.moved);
            flight.moved = flight.moved.max(bytes);
            self.advance(more, now);
        }
    }

    /// The part is stored under `tag`. It counts when that is saved.
    pub fn stored(&mut self, part: u32, tag: String, now: Instant) {
        if let Some(flight) = self.flights.remove(&part) {
            let length = self.plan.len(part);
            let place = part as usize;
            self.tags.resize(self.tags.len().max(place), None);
            if let Some(kept) = self.tags.get_mut(place - 1) {
                *kept = Some(tag);
            }
            self.saving.insert(part, ());
            self.stored_bytes += length;
            self.advance(length.saturating_sub(flight.moved), now);
        }
    }

    /// The part's tag is saved. Says whether it was the last.
    pub fn saved(&mut self, part: u32) -> bool {
        if self.saving.remove(&part).is_some() {
            self.saved_parts += 1;
            self.moved_since_shown = true;
        }
        self.phase == Phase::Sending && self.saved_parts == self.plan.parts()
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

    /// The state at `now`; `blocked` says that nothing at all may be sent until then.
    pub fn state(&self, now: Instant, blocked: bool) -> State {
        match &self.end {
            Some(End::Done) => return State::Done,
            Some(End::Failed(_)) => return State::Failed,
            Some(End::Aborted) => return State::Aborted,
            None if self.paused => return State::Paused,
            None => {}
        }
        let idle = self.control_request.is_none() && self.flights.is_empty() && self.saving.is_empty();
        let waits = idle && (blocked || self.due().is_some_and(|due| due > now));
        match self.phase {
            Phase::Queued | Phase::Settled => State::Queued,
            _ if waits => State::Waiting,
            Phase::Starting => State::Starting,
            Phase::Sending => State::Uploading,
            Phase::Completing | Phase::Confirming { .. } | Phase::Removing => State::Completing,
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
            parts_done: self.saved_parts,
            parts: self.plan.parts(),
            speed,
            time_left,
        }
    }

    fn advance(&mut self, bytes: u64, now: Instant) {
        self.speed.moved(bytes, now);
        let moving: u64 = self.flights.values().map(|flight| flight.moved).sum();
        self.highest_sent = self.highest_sent.max(self.stored_bytes + moving);
        self.moved_since_shown = true;
    }
}
