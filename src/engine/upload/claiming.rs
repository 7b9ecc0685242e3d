//! Which file it is, whether another tab sends it, and whether it was begun before.

use super::stage::{Claiming, EndStep, Following, LiveStep, LockWait, Stage, Starting};
use super::{Claim, Upload};
use crate::engine::operations::Kind;
use crate::engine::shared::Shared;
use crate::engine::tries::Exchange;
use crate::engine::{Action, Ask, Bytes, Identity, Instant, Lock, OpId};
use crate::protocol::check_key;
use crate::resume::{PeerEnd, PeerMessage, PeerReport};

/// How often a lock is asked for where there is no queue, and how often locks are looked at where there is one: a page
/// in Chromium's back/forward cache keeps its locks until somebody asks for them. In milliseconds.
const LOOK_EVERY: u64 = 2_000;
/// How long a tab that released a lock leaves it to the others, in milliseconds: some only ask now and then, and the
/// one that asked for it may not be in the queue yet.
const LEFT_FOR: u64 = 2 * LOOK_EVERY;
/// Half of this, at least, passes until a tab that follows asks for a sign of life, and all of it until it takes over,
/// in milliseconds; more where `stallTimeout` is longer.
const LEAST_SIGN: u64 = 2_000;
/// How long another tab's last report may take to arrive after its lock is free, in milliseconds.
const LAST_WORD: u64 = 200;

impl Upload {
    /// It is its turn. The file is sampled where it may be known, and where it could change between its parts.
    pub fn leave_queue(&mut self, shared: &mut Shared) {
        if shared.config.resume || self.plan.parts() > 1 {
            let op = shared.begin(self.step(), Kind::Local, Some(shared.config.stall));
            self.stage = Stage::Claiming(Claiming::Sampling(op));
            shared.emit(Action::Sample { op, upload: self.id });
        } else {
            self.begin(shared);
        }
    }

    /// The file was sampled, for the first time. One that cannot be read, or that this engine sends already, is not
    /// claimed: a file picked twice is two uploads.
    pub(super) fn identified(
        &mut self,
        identity: Option<Identity>,
        read: Option<Bytes>,
        is_known: bool,
        shared: &mut Shared,
    ) {
        self.fingerprint.clone_from(&identity);
        self.sampled_at = shared.now;
        self.read = read.filter(|read| self.is_small() && read.size == self.plan.size());
        let is_kept = shared.config.resume && !is_known && !shared.is_store_left_alone();
        let Some(identity) = identity.filter(|_| is_kept) else { return self.begin(shared) };
        shared.claimed();
        self.claim = Some(Claim::new(identity.clone()));
        let op = shared.begin_storing(self.step());
        self.stage = Stage::Claiming(Claiming::Locking(op));
        shared.emit(Action::Lock { op, identity, ask: Ask::Now });
    }

    /// What came of asking for the lock.
    pub fn locked(&mut self, lock: Lock, shared: &mut Shared) {
        if let Some(claim) = &mut self.claim {
            claim.locked = lock == Lock::Granted;
        }
        let last_word = if self.is_told_done() { 0 } else { LAST_WORD };
        match (&mut self.stage, lock) {
            (Stage::Claiming(Claiming::Locking(_)), Lock::Granted) => self.load(shared),
            (Stage::Claiming(Claiming::Locking(_)), Lock::Taken { queue }) => {
                self.post(PeerMessage::RequestHandover, shared);
                self.follow(LOOK_EVERY, shared);
                if queue {
                    self.ask_for_lock(Ask::Queue, shared);
                }
            }
            (Stage::Claiming(Claiming::Following(following)), Lock::Granted) => {
                following.wait = LockWait::LastWord { at: shared.now.plus(last_word), put_off: false };
            }
            (Stage::Claiming(Claiming::Following(_)), Lock::Taken { queue: true }) => {
                self.ask_for_lock(Ask::Queue, shared)
            }
            (Stage::Claiming(Claiming::Following(following)), Lock::Taken { queue: false }) => {
                following.wait = LockWait::AskAt(shared.now.plus(LOOK_EVERY));
            }
            _ => {}
        }
    }

    /// Another tab has the lock, which is asked for again after `pause` milliseconds.
    fn follow(&mut self, pause: u64, shared: &Shared) {
        let now = shared.now;
        // Many may follow, for long.
        self.read = None;
        self.stage = Stage::Claiming(Claiming::Following(Following {
            wait: LockWait::AskAt(now.plus(pause)),
            look_at: now.plus(LOOK_EVERY),
            heard_at: now,
            asked_at: None,
        }));
    }

    fn ask_for_lock(&mut self, ask: Ask, shared: &mut Shared) {
        let Some(identity) = self.claim.as_ref().map(|claim| claim.identity.clone()) else { return };
        // Nobody knows how long another tab needs.
        let waits = ask == Ask::Queue;
        let op = if waits { shared.begin(self.step(), Kind::Local, None) } else { shared.begin_storing(self.step()) };
        if let Stage::Claiming(Claiming::Following(following)) = &mut self.stage {
            following.wait = if waits { LockWait::Queued(op) } else { LockWait::Asking(op) };
        }
        shared.emit(Action::Lock { op, identity, ask });
    }

    /// Asks a tab of which nothing was heard for a while for a sign of life, and says whether it gave none for too
    /// long. A page that is only hidden answers: messages wake it.
    fn is_other_dead(&mut self, shared: &mut Shared) -> bool {
        let cannot_send = self.paused || shared.token.is_awaited() || shared.link.is_down();
        let (now, stall) = (shared.now, shared.config.stall);
        let Stage::Claiming(Claiming::Following(following)) = &mut self.stage else { return false };
        if cannot_send {
            (following.heard_at, following.asked_at) = (now, None);
            return false;
        }
        let (first, last) = following.asked_at.unwrap_or((now, following.heard_at));
        if following.asked_at.is_some() && now.since(first) >= stall.max(LEAST_SIGN) {
            return true;
        }
        if now.since(last) >= stall.max(LEAST_SIGN) / 2 {
            following.asked_at = Some((first, now));
            self.post(PeerMessage::Ping, shared);
        }
        false
    }

    /// Takes the lock from a tab that gives no sign of life.
    fn steal_lock(&mut self, waiting: OpId, shared: &mut Shared) {
        shared.cancel(waiting);
        if let Stage::Claiming(Claiming::Following(following)) = &mut self.stage {
            (following.heard_at, following.asked_at) = (shared.now, None);
        }
        self.ask_for_lock(Ask::Steal, shared);
    }

    /// Another tab took the lock: this one was frozen, and follows from now on.
    pub fn lose_lock(&mut self, shared: &mut Shared) {
        let Some(claim) = self.claim.as_mut().filter(|claim| claim.locked) else { return };
        (claim.locked, claim.recorded, claim.handover_requested) = (false, false, false);
        if let Stage::Ending(ending) = &self.stage {
            // What is stored is the other tab's now.
            let is_over = matches!(ending.step, EndStep::Storing(_) | EndStep::Purging(_));
            self.cancel_storing(shared);
            if is_over {
                self.cancel_requests(None, shared);
                self.settle(shared);
            }
            return;
        }
        claim.left = self.stage.remote().cloned();
        if matches!(self.stage, Stage::Starting(Starting::Posting(Exchange { op: Some(_), .. }))) {
            self.seek_own_name();
        }
        self.cancel_requests(None, shared);
        self.cancel_storing(shared);
        self.follow(LOOK_EVERY, shared);
        self.ask_for_lock(Ask::Queue, shared);
    }

    /// When the locks are to be asked for or queried next, or a granted one is used.
    pub fn lock_at(&self) -> Option<Instant> {
        let Stage::Claiming(Claiming::Following(following)) = &self.stage else { return None };
        match following.wait {
            LockWait::Queued(_) => Some(following.look_at),
            LockWait::AskAt(at) => Some(at).filter(|_| self.may_ask()),
            LockWait::LastWord { at, .. } => Some(at),
            LockWait::Asking(_) => None,
        }
    }

    /// Time goes on while it waits for a lock. Says whether the locks are to be looked at.
    pub fn wait_for_lock(&mut self, shared: &mut Shared) -> bool {
        let (now, may_ask) = (shared.now, self.may_ask());
        let Stage::Claiming(Claiming::Following(following)) = &mut self.stage else { return false };
        match following.wait {
            LockWait::AskAt(at) if at <= now && may_ask => self.ask_for_lock(Ask::Now, shared),
            LockWait::LastWord { at, .. } if at <= now => self.load(shared),
            LockWait::Queued(op) if following.look_at <= now => {
                following.look_at = now.plus(LOOK_EVERY);
                if self.is_other_dead(shared) {
                    self.steal_lock(op, shared);
                }
                return true;
            }
            _ => {}
        }
        false
    }

    /// Nobody was awake: the other tab's last report may be waiting to be read. It gets its time again, once.
    pub fn overslept(&mut self, now: Instant) {
        if let Stage::Claiming(Claiming::Following(following)) = &mut self.stage {
            (following.heard_at, following.asked_at) = (now, None);
            if matches!(following.wait, LockWait::LastWord { put_off: false, .. }) {
                following.wait = LockWait::LastWord { at: now.plus(LAST_WORD), put_off: true };
            }
        }
    }

    fn load(&mut self, shared: &mut Shared) {
        let Some(identity) = self.fingerprint.clone() else { return };
        let op = shared.begin_storing(self.step());
        self.stage = Stage::Claiming(Claiming::Loading(op));
        shared.emit(Action::Load { op, upload: self.id, identity });
    }

    /// The store failed, or gave no answer in time: nothing is kept of this upload from now on.
    pub(super) fn stop_keeping(&mut self, shared: &mut Shared) {
        shared.store_failed();
        if let Some(claim) = &mut self.claim {
            claim.keeps = false;
        }
        self.cancel_storing(shared);
    }

    /// Another tab posted something about the file.
    pub fn heard(&mut self, message: PeerMessage, shared: &mut Shared) {
        if let Some(claim) = &mut self.claim {
            claim.followed |= !matches!(message, PeerMessage::Report(_));
        }
        match message {
            PeerMessage::RequestHandover if self.has_ended() => {}
            PeerMessage::Ping => {
                if self.claim.as_ref().is_some_and(|claim| claim.locked) {
                    self.post_report(None, shared);
                }
            }
            PeerMessage::RequestHandover => {
                let Some(claim) = &mut self.claim else { return };
                // One that waits for the lock itself may get it first, and be unable to send.
                claim.handover_requested = true;
                if !claim.locked {
                    return;
                }
                // Whoever asks follows from now on, and knows nothing yet.
                self.post_report(None, shared);
            }
            PeerMessage::Report(report) if self.is_following() => {
                if let Stage::Claiming(Claiming::Following(following)) = &mut self.stage {
                    (following.heard_at, following.asked_at) = (shared.now, None);
                }
                self.followed(report, shared);
            }
            // The other tab ends while this one asks for the lock, or for what is stored.
            PeerMessage::Report(report) if self.is_claiming() => self.told(report),
            PeerMessage::Report(_) => {}
        }
    }

    /// Another tab says under which key the file is, and whether it is stored. Whoever posts may lie: the service is
    /// asked once this tab has the lock.
    fn told(&mut self, report: PeerReport) {
        let Some(claim) = &mut self.claim else { return };
        // Who took the file over knows no key at first; who gave it up may have left it there.
        if let Some(key) = report.key.filter(|key| check_key(key).is_ok()) {
            claim.told_key = Some(key);
            claim.told_done = report.end == Some(PeerEnd::Done);
        }
    }

    /// Who is paused leaves the lock to whoever can send.
    fn may_ask(&self) -> bool {
        !self.paused || self.is_told_done()
    }

    /// Whether another tab says that the file is stored.
    pub(super) fn is_told_done(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.told_done)
    }

    /// Another tab is so far.
    fn followed(&mut self, report: PeerReport, shared: &Shared) {
        let sent = report.sent.min(self.plan.size());
        let meter = &mut self.meter;
        meter.speed.moved(sent.saturating_sub(meter.highest_sent), shared.now);
        meter.highest_sent = meter.highest_sent.max(sent);
        meter.peer_parts = meter.peer_parts.max(report.parts_done.min(self.plan.parts()));
        meter.moved_since_shown = true;
        self.told(report);
        let is_told_done = self.is_told_done();
        if let Stage::Claiming(Claiming::Following(following)) = &mut self.stage
            && let LockWait::AskAt(at) | LockWait::LastWord { at, .. } = &mut following.wait
            && is_told_done
        {
            *at = shared.now;
        }
    }

    /// Lets another tab send what this one cannot: it has no token, or the person paused it here.
    pub fn hand_over(&mut self, shared: &mut Shared) {
        let Stage::Live(live) = &self.stage else { return };
        let is_asked = self.claim.as_ref().is_some_and(|claim| claim.handover_requested && claim.recorded);
        let cannot_send = shared.token.is_awaited() || self.paused;
        if !is_asked || !cannot_send || matches!(live.step, LiveStep::Orphans(_)) || !self.is_idle() {
            return;
        }
        let remote = live.remote.clone();
        let Some(claim) = &mut self.claim else { return };
        (claim.handover_requested, claim.locked, claim.recorded) = (false, false, false);
        claim.left = Some(remote);
        let identity = claim.identity.clone();
        shared.emit(Action::Unlock { identity });
        self.follow(LEFT_FOR, shared);
    }

    /// What this tab left to another one, and could send again, it wants back.
    pub fn ask_back(&mut self, shared: &mut Shared) {
        if let Stage::Claiming(Claiming::Following(following)) = &mut self.stage
            && !self.paused
        {
            if let LockWait::AskAt(at) = &mut following.wait {
                *at = shared.now;
            }
            self.post(PeerMessage::RequestHandover, shared);
        }
    }

    /// Tells the other tabs how far it is, and how it ended, if it has.
    pub(super) fn post_report(&self, end: Option<PeerEnd>, shared: &mut Shared) {
        let report = PeerReport { end, ..Self::report(&self.view(shared.now, shared)) };
        self.post(PeerMessage::Report(report), shared);
    }

    fn post(&self, message: PeerMessage, shared: &mut Shared) {
        if let Some(claim) = &self.claim {
            shared.emit(Action::Post { identity: claim.identity.clone(), message });
        }
    }

    /// Gives the file's lock up, or the wait for it.
    pub(super) fn unclaim(&mut self, waiting: Option<OpId>, shared: &mut Shared) {
        if let Some(op) = waiting {
            shared.cancel(op);
        }
        if let Some(claim) = self.claim.take() {
            if claim.locked {
                shared.emit(Action::Unlock { identity: claim.identity });
            }
            shared.unclaimed();
        }
    }
}
