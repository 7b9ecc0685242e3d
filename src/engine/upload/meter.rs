//! What a person sees of an upload: how far it is, how fast, how long it will take, and when that is shown.

use super::parts::FlightStep;
use super::{Claim, Upload, View};
use crate::engine::operations::Operation;
use crate::engine::progress::{Carried, Speed};
use crate::engine::shared::Shared;
use crate::engine::{Action, Instant, Progress, State};
use crate::resume::{PeerMessage, PeerReport};

/// Shortest time between two reports of an upload's progress, in milliseconds: a screen shows no more.
const SHOW_EVERY: u64 = 50;
/// Where only time tells how far a part is, it is shown this often, in milliseconds.
const TICK: u64 = 1000;

/// What a person sees of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    /// How fast bytes are handed to the network.
    pub speed: Speed,
    /// How fast the service answers for them.
    pub carried: Carried,
    pub highest_sent: u64,
    pub resumed_from: u64,
    /// Parts that another tab has stored.
    pub peer_parts: u32,
    /// What was last shown, and when.
    pub shown: Option<State>,
    shown_at: Instant,
    pub moved_since_shown: bool,
    /// A speed above 0 was shown.
    shown_moving: bool,
}

impl Upload {
    /// Parts begin to be sent after none was.
    pub(super) fn begin_moving(&mut self, now: Instant) {
        self.meter.speed.begin(now);
        self.meter.carried.begin(now);
    }

    /// `bytes` of a part were handed to the network in this try.
    pub fn part_moved(&mut self, part: u32, bytes: u64, shared: &Shared) {
        let length = self.plan.len(part);
        let Some(flight) = self.parts.flight_mut(part) else { return };
        let more = bytes.min(length).saturating_sub(flight.moved);
        flight.moved += more;
        self.advance(more, shared);
    }

    /// The service answered for a part, whose request was this.
    pub fn part_answered(&mut self, part: u32, request: &Operation, now: Instant) {
        let silent = now.since(request.silent_since);
        let (length, took) = (self.plan.len(part), now.since(request.since));
        self.meter.carried.answered(length, took, silent, self.parts.in_flight(), now);
    }

    /// `bytes` more were handed to the network.
    pub(super) fn advance(&mut self, bytes: u64, shared: &Shared) {
        self.meter.speed.moved(bytes, shared.now);
        let sent = if self.meter.carried.swallows() {
            self.parts.stored_bytes() + self.under_way(shared).0
        } else {
            self.parts.sent()
        };
        self.meter.highest_sent = self.meter.highest_sent.max(sent);
        self.meter.moved_since_shown = true;
    }

    /// How many bytes of the parts on their way the service will have by now, if each takes as long as the last did: of
    /// those handed over, and of all.
    fn under_way(&self, shared: &Shared) -> (u64, u64) {
        let (mut sum, mut longest) = ((0, 0), 0);
        for (part, flight) in self.parts.flights().filter(|(_, flight)| matches!(flight.step, FlightStep::Sending)) {
            let Some(request) = shared.operations.get(flight.op) else { continue };
            let there = self.meter.carried.share(self.plan.len(*part), shared.now.since(request.since));
            sum = (sum.0 + there.min(flight.moved), sum.1 + there);
            longest = longest.max(self.plan.len(*part));
        }
        let most = self.meter.carried.most_since(longest, shared.now).unwrap_or(u64::MAX);
        (sum.0.min(most), sum.1.min(most))
    }

    /// Bytes a second, and milliseconds to the end.
    fn pace(&self, now: Instant, shared: &Shared) -> (f64, Option<f64>) {
        let meter = &self.meter;
        if meter.carried.swallows() {
            let left = self.plan.size() - self.parts.stored_bytes();
            return meter.carried.pace(left, self.under_way(shared).1, now);
        }
        let speed = meter.speed.rate(now);
        let left = (self.plan.size() - meter.highest_sent) as f64 * 1000.0 / speed;
        (speed, (speed >= 1.0).then_some(left))
    }

    pub(super) fn progress(&self, state: State, now: Instant, shared: &Shared) -> Progress {
        let meter = &self.meter;
        let is_moving = matches!(meter.shown, Some(State::Uploading));
        let (speed, left) = if is_moving { self.pace(now, shared) } else { (0.0, None) };
        Progress {
            sent: meter.highest_sent,
            total: self.plan.size(),
            parts_done: self.parts.done().max(meter.peer_parts),
            parts: self.plan.parts(),
            speed,
            time_left: if state == State::Done { Some(0.0) } else { left },
            resumed_from: meter.resumed_from,
        }
    }

    /// Whether only time tells how far its parts are. Once they are late, it tells nothing more.
    fn ticks(&self, now: Instant) -> bool {
        let is_late = self.meter.carried.is_late(now) && !self.meter.shown_moving;
        self.meter.carried.swallows() && self.parts.in_flight() > 0 && !is_late
    }

    /// When it is to be shown again, if nothing happens before.
    pub fn show_at(&self, now: Instant) -> Option<Instant> {
        if self.has_ended() {
            return None;
        }
        let meter = &self.meter;
        let next = meter.shown_at.plus(SHOW_EVERY);
        let moved = meter.moved_since_shown.then_some(next);
        let ticks = self.ticks(now).then(|| meter.shown_at.plus(TICK));
        let stands = meter.shown_moving.then(|| meter.speed.stands_at().max(next));
        moved.into_iter().chain(ticks).chain(stands.filter(|at| *at > now)).min()
    }

    /// Shows it, here and to the tabs that follow it, if it changed.
    pub fn show(&mut self, shared: &mut Shared) {
        let now = shared.now;
        let state = self.state(shared);
        if self.ticks(now) && now.since(self.meter.shown_at) >= TICK {
            self.advance(0, shared);
        }
        let moves = self.pace(now, shared).0 > 0.0;
        let changed = self.meter.moved_since_shown || (self.meter.shown_moving && !moves);
        let meter = &mut self.meter;
        if meter.shown.unwrap_or(State::Queued) == state && !(changed && now.since(meter.shown_at) >= SHOW_EVERY) {
            return;
        }
        (meter.shown, meter.shown_at) = (Some(state), now);
        (meter.moved_since_shown, meter.shown_moving) = (false, moves);
        let view = self.view(now, shared);
        let is_heard = |claim: &&Claim| claim.locked && claim.followed && !self.is_following();
        if let Some(claim) = self.claim.as_ref().filter(is_heard) {
            let report = Self::report(&view);
            shared.emit(Action::Post { identity: claim.identity.clone(), message: PeerMessage::Report(report) });
        }
        shared.emit(Action::Show { upload: self.id, view });
    }

    /// What is shown is how it is now: the person may have done something since that was decided.
    pub fn shown_now(&mut self, shared: &Shared) -> View {
        if !self.has_ended() {
            self.meter.shown = Some(self.state(shared));
        }
        self.view(shared.now, shared)
    }

    pub(super) fn report(view: &View) -> PeerReport {
        let Progress { sent, parts_done, .. } = view.progress;
        PeerReport { sent, parts_done, key: view.key.clone(), end: None }
    }
}
