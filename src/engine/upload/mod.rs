//! One upload: where it stands, and what follows from each outcome.

mod claiming;
mod ending;
mod live;
mod meter;
mod orphans;
mod parts;
mod patience;
mod resuming;
mod stage;
mod starting;
mod step;

use super::availability::Class;
use super::operations::Target;
use super::shared::Shared;
use super::{Bytes, FileSpec, Identity, Instant, Plan, Remote, State, UploadId, View};
use crate::resume::SAMPLE;
use meter::Meter;
use parts::Parts;
pub(super) use parts::{Flight, FlightStep};
use stage::{Claiming, End, EndStep, Live, LiveStep, Stage, Starting};

/// A file that was not read for so long, in milliseconds, is asked for no other part meanwhile.
const SLOW_READ: u64 = 1000;
/// Bytes of a file that is read at once, and sent as it was read: that asks other processes less often.
const SHORT: u64 = 3 * SAMPLE;
/// Bytes of a file of one part that is sent again sooner than it is looked after.
const SMALL: u64 = 1024 * 1024;

/// One upload.
#[derive(Debug)]
pub(super) struct Upload {
    pub id: UploadId,
    pub plan: Plan,
    pub paused: bool,
    /// When it was last given a part to send: who waited longest is served first.
    pub served: u64,
    file: FileSpec,
    stage: Stage,
    parts: Parts,
    /// What the file was when it was picked, where it was sampled; and when that was.
    fingerprint: Option<Identity>,
    sampled_at: Instant,
    /// All of its bytes, where they were read then; and whether the newest try sends those.
    read: Option<Bytes>,
    read_sent: bool,
    claim: Option<Claim>,
    /// Names under which a start without an answer, here or on an earlier page, may have left a file that nobody knows
    /// the key of.
    sought: Vec<String>,
    /// The unique name that the service has for what it knows of this upload.
    name_there: Option<String>,
    /// An orphan may be left in the bucket: found, and not removed, or not looked for.
    orphans_left: bool,
    /// When the person aborted it, until it is said that the abort stands.
    aborted_at: Option<Instant>,
    meter: Meter,
}

/// The hold on a file that no other tab may send meanwhile.
#[derive(Clone, Debug)]
struct Claim {
    identity: Identity,
    /// What this upload may go on from was stored by the version before, maybe for another service: it is not this
    /// upload's until the service knows it.
    found_earlier: Option<Identity>,
    /// The file may be another than the one that was begun: it has another date, or other bytes.
    doubted: bool,
    /// This tab has the file's lock.
    locked: bool,
    /// The store is written to; else it failed, and the upload continues without.
    keeps: bool,
    /// The store has a record that another tab could resume from.
    recorded: bool,
    /// When the service began what the store knows only the intent of.
    begun_at: Option<Instant>,
    /// The store was asked to write something.
    written: bool,
    /// Another tab asked for the upload.
    handover_requested: bool,
    /// Another tab follows it.
    followed: bool,
    /// What this tab began and left to another.
    left: Option<Remote>,
    /// The key under which another tab sends the file, as it told last; and whether it says that it is done. What is
    /// there is asked for before the file is begun anew: the last word of a tab may come late, or never.
    told_key: Option<String>,
    told_done: bool,
}

impl Claim {
    fn new(identity: Identity) -> Self {
        Self {
            identity,
            found_earlier: None,
            doubted: false,
            locked: false,
            keeps: true,
            recorded: false,
            begun_at: None,
            written: false,
            handover_requested: false,
            followed: false,
            left: None,
            told_key: None,
            told_done: false,
        }
    }
}

impl Upload {
    pub fn new(id: UploadId, file: FileSpec, part_size: Option<u64>) -> Self {
        Self {
            id,
            plan: Plan::new(file.size, part_size),
            paused: false,
            served: 0,
            file,
            stage: Stage::Queued,
            parts: Parts::new(),
            fingerprint: None,
            sampled_at: Instant::default(),
            read: None,
            read_sent: false,
            claim: None,
            sought: Vec::new(),
            name_there: None,
            orphans_left: false,
            aborted_at: None,
            meter: Meter::default(),
        }
    }

    /// Whether it is so small that what is kept of it may cost more than it saves.
    fn is_small(&self) -> bool {
        self.plan.parts() == 1 && self.plan.size() <= SMALL
    }

    /// Whether it is read at once. One without bytes is not.
    fn is_short(&self) -> bool {
        self.plan.parts() == 1 && (1..=SHORT).contains(&self.plan.size())
    }

    /// The target of its operations, those of parts apart.
    fn step(&self) -> Target {
        Target::Step(self.id)
    }

    /// Whether it has ended, be everything done for it or not.
    pub fn has_ended(&self) -> bool {
        self.stage.has_ended()
    }

    /// Whether nothing further is done for it.
    pub fn is_settled(&self) -> bool {
        matches!(&self.stage, Stage::Ending(ending) if matches!(ending.step, EndStep::Settled))
    }

    /// Whether another tab sends it.
    pub fn is_following(&self) -> bool {
        self.stage.is_following()
    }

    /// Whether it needs nothing of the service now: another tab sends it, or that is being found out.
    pub fn is_claiming(&self) -> bool {
        matches!(self.stage, Stage::Claiming(_))
    }

    /// Whether it lays claim to this file.
    pub fn claims(&self, identity: &Identity) -> bool {
        let claims = |claim: &Claim| claim.identity == *identity || claim.found_earlier.as_ref() == Some(identity);
        self.claim.as_ref().is_some_and(claims)
    }

    /// Its file's key, once known.
    pub fn key(&self) -> Option<&str> {
        let left = || self.claim.as_ref()?.left.as_ref();
        self.stage.remote().or_else(left).map(|remote| remote.key.as_str())
    }

    /// Whether only another tab says that the service has it.
    fn is_told(&self) -> bool {
        self.stage.remote().is_some_and(Remote::is_told)
    }

    /// Whether nothing of it is on its way, to the service or to the store.
    fn is_idle(&self) -> bool {
        self.stage.operation().is_none() && self.parts.is_idle()
    }

    pub fn parts_in_flight(&self) -> usize {
        self.parts.in_flight()
    }

    pub fn flight(&self, part: u32) -> Option<&Flight> {
        self.parts.flight(part)
    }

    pub fn flight_mut(&mut self, part: u32) -> Option<&mut Flight> {
        self.parts.flight_mut(part)
    }

    /// The lowest part that can be sent at `now`.
    pub fn sendable(&self, now: Instant) -> Option<u32> {
        // A file that is not read would only be asked for more.
        let hangs = |(_, flight): &(u32, Flight)| {
            matches!(flight.step, FlightStep::Peeking) && now.since(flight.since) >= SLOW_READ
        };
        if self.paused || !self.stage.is_sending() || self.parts.flights().any(hangs) {
            return None;
        }
        self.parts.sendable(&self.plan, now)
    }

    /// Whether it waits for nothing but its file to be read.
    fn waits_for_file(&self, shared: &Shared) -> bool {
        let is_unread = |op| shared.operations.get(op).is_some_and(|operation| operation.is_unread(shared.now));
        match &self.stage {
            Stage::Claiming(Claiming::Sampling(op)) => is_unread(*op),
            Stage::Live(Live { step: LiveStep::Checking(checking), .. }) => is_unread(checking.op),
            Stage::Live(Live { step: LiveStep::Sampling(exchange), .. }) => exchange.op.is_some_and(is_unread),
            Stage::Live(Live { step: LiveStep::Sending, .. }) => {
                let is_unread =
                    |(_, flight): &(u32, Flight)| matches!(flight.step, FlightStep::Peeking) && is_unread(flight.op);
                self.parts.in_flight() > 0 && self.parts.flights().all(is_unread)
            }
            _ => false,
        }
    }

    /// Whether it was begun, and sends no part yet.
    pub fn is_ahead(&self, now: Instant) -> bool {
        let announced = match &self.stage {
            Stage::Claiming(claiming) => !matches!(claiming, Claiming::Following(_)),
            Stage::Starting(starting) => !matches!(starting, Starting::Orphans(..)),
            Stage::Live(live) => matches!(live.step, LiveStep::Checking(_) | LiveStep::Verifying(_)),
            Stage::Queued | Stage::Ending(_) => false,
        };
        !self.paused && self.parts.in_flight() == 0 && (announced || self.sendable(now).is_some())
    }

    /// The operation of its stage that is under way.
    pub fn operation(&self) -> Option<super::OpId> {
        self.stage.operation()
    }

    /// When the request of its stage can be sent, if only time is in its way.
    pub fn step_due(&self) -> Option<Instant> {
        self.stage.exchange().filter(|_| self.wants_step()).map(|exchange| exchange.tries.due)
    }

    /// When a part can be sent next, if only time is in its way.
    pub fn parts_due(&self) -> Option<Instant> {
        if self.paused || !self.stage.is_sending() { None } else { self.parts.due(&self.plan) }
    }

    /// When something of this upload can be sent next, if only time is in its way.
    fn due(&self) -> Option<Instant> {
        self.step_due().or_else(|| self.parts_due())
    }

    /// The network is back: what failed for want of it waits no longer.
    pub fn reconnected(&mut self, now: Instant) {
        self.parts.reconnected(now);
        if let Some(exchange) = self.stage.exchange_mut() {
            exchange.tries.reconnected(now);
        }
    }

    /// The person pauses it. Parts that are not wholly handed over are taken back.
    pub fn pause(&mut self, shared: &mut Shared) {
        if self.has_ended() || std::mem::replace(&mut self.paused, true) {
            return;
        }
        // Following tabs pause too. A tab that asks from now on gets the upload.
        if let Some(claim) = &mut self.claim {
            claim.handover_requested = false;
        }
        for (part, flight) in self.parts.unsent(&self.plan) {
            let mut tries = flight.tries;
            if !matches!(flight.step, FlightStep::Peeking) {
                tries.free();
            }
            tries.due = shared.now;
            self.parts.put_back(part, tries);
            shared.cancel(flight.op);
        }
    }

    /// The person resumes it. Says whether that changes anything.
    pub fn resume(&mut self) -> bool {
        std::mem::take(&mut self.paused)
    }

    /// The state now.
    pub fn state(&self, shared: &Shared) -> State {
        if let Stage::Ending(ending) = &self.stage {
            return match ending.end {
                End::Done if matches!(ending.step, EndStep::Settled) => State::Done,
                End::Done => State::Completing,
                End::Failed(_) => State::Failed,
                End::Aborted => State::Aborted,
            };
        }
        if self.paused {
            return State::Paused;
        }
        let class = if self.stage.is_sending() { Class::Parts } else { Class::Rest };
        let is_refused = shared.link.is_down() || shared.availability.holds(class);
        let idles = || self.is_idle() && (shared.is_blocked() || self.due().is_some_and(|due| due > shared.now));
        match &self.stage {
            Stage::Queued if is_refused => State::Waiting,
            Stage::Queued => State::Queued,
            Stage::Claiming(Claiming::Following(_)) => State::Uploading,
            _ if self.waits_for_file(shared) => State::Waiting,
            Stage::Claiming(_) => State::Starting,
            _ if is_refused || idles() => State::Waiting,
            Stage::Starting(_) => State::Starting,
            Stage::Live(Live { step: LiveStep::Checking(_) | LiveStep::Verifying(_), .. }) => State::Starting,
            Stage::Live(Live { step: LiveStep::Sending, .. }) => State::Uploading,
            Stage::Live(_) | Stage::Ending(_) => State::Completing,
        }
    }

    /// The upload at `now`.
    pub fn view(&self, now: Instant, shared: &Shared) -> View {
        let failure = match &self.stage {
            Stage::Ending(ending) => match &ending.end {
                End::Failed(failure) => Some(failure.clone()),
                End::Done | End::Aborted => None,
            },
            _ => None,
        };
        let state = self.state(shared);
        View { state, progress: self.progress(state, now, shared), key: self.key().map(str::to_owned), failure }
    }
}
