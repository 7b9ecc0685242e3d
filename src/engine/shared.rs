//! What all uploads and calls of a bucket share.

use super::admission::Admission;
use super::availability::{Availability, Class};
use super::link::Link;
use super::operations::{Deadline, Kind, Operation, Operations, Target};
use super::progress::Speed;
use super::starts::Starts;
use super::token::Token;
use super::tries::Tries;
use super::window::Window;
use super::{Action, Config, Instant, OpId, Random, UploadId};
use crate::protocol::{Code, Failure, Request};
use std::collections::VecDeque;

/// How long an upload waits for a lock or for the store, in milliseconds: what they did not answer by then is undone,
/// and the upload goes on without.
const STORE_LIMIT: u64 = 5_000;
/// The same until the store answered once: a browser may never open its database.
const FIRST_STORE_LIMIT: u64 = 4_000;
/// How long the tag of a part may take, in milliseconds: other parts are sent meanwhile.
const TAG_LIMIT: u64 = 10_000;
/// How long a call waits for the store, in milliseconds: it wants nothing else, and holds nobody back.
const CALL_LIMIT: u64 = 30_000;
/// For so long, in milliseconds, uploads that begin wait no more for a lock or a store that did not answer one in time.
const LEFT_ALONE_FOR: u64 = 60_000;
/// Longest silence of a request, in milliseconds, unless `stallTimeout` is longer.
const LONGEST_SILENCE: u64 = 600_000;
/// How long an upload is kept if nothing says when the session ends: 7 days, in milliseconds.
const KEPT_FOR: u64 = 7 * 24 * 3600 * 1000;

/// Bytes a second above which a line is fast: half a gigabit.
const FAST: f64 = 64e6;

/// What all uploads and calls of a bucket share.
#[derive(Debug)]
pub(super) struct Shared {
    pub config: Config,
    pub random: Random,
    pub now: Instant,
    pub token: Token,
    pub link: Link,
    pub window: Window,
    /// Throughput of the whole bucket.
    pub speed: Speed,
    /// On a fast line no part is read for its digest until then.
    digest_at: Instant,
    /// The service asked every request to wait until then.
    pub throttled_until: Instant,
    pub availability: Availability,
    pub admission: Admission,
    pub operations: Operations,
    pub starts: Starts,
    pub outbox: VecDeque<Action>,
    /// The longest silence, in milliseconds, after which a part that had moved was answered.
    slowest: u64,
    /// The store has answered.
    store_answered: bool,
    /// Uploads that begin until then keep nothing: a lock or the store did not answer.
    left_alone_until: Instant,
    /// Finds out whether the store answers after all.
    look_out: Option<OpId>,
    /// It was said that this browser keeps nothing.
    warned: bool,
    /// Uploads with a claim on their file.
    claims: usize,
}

impl Shared {
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            now: Instant::default(),
            token: Token::new(config.token),
            link: Link::new(config.online),
            window: Window::new(config.parallel),
            speed: Speed::default(),
            digest_at: Instant::default(),
            throttled_until: Instant::default(),
            availability: Availability::default(),
            admission: Admission::default(),
            operations: Operations::default(),
            starts: Starts::default(),
            outbox: VecDeque::new(),
            slowest: 0,
            store_answered: false,
            left_alone_until: Instant::default(),
            look_out: None,
            warned: false,
            claims: 0,
            config,
        }
    }

    pub fn emit(&mut self, action: Action) {
        self.outbox.push_back(action);
    }

    /// An operation begins; it is given up after `limit` milliseconds in which nothing moves.
    pub fn begin(&mut self, target: Target, kind: Kind, limit: Option<u64>) -> OpId {
        let deadline = limit.map(|limit| Deadline::new(self.now.plus(limit)));
        let (epoch, since) = (self.token.epoch, self.now);
        self.operations.begin(Operation {
            target,
            kind,
            epoch,
            since,
            limit: limit.unwrap_or_default(),
            deadline,
            moved: 0,
            silent_since: since,
            suspect: None,
        })
    }

    /// Whether a part that is about to be sent is read for its digest. To read all of a file twice costs more than to
    /// send some of it again, where sending is that fast: there, reading gets a quarter of the time.
    pub fn may_digest(&self) -> bool {
        self.speed.rate(self.now) <= FAST || self.digest_at <= self.now
    }

    /// A part is read from now on.
    pub fn digests(&mut self) {
        self.digest_at = self.now.plus(self.config.stall);
    }

    /// A part was read, since `began`.
    pub fn digested(&mut self, began: Instant) {
        self.digest_at = self.now.plus(3 * self.now.since(began));
    }

    /// A part was answered that had moved before: what is silent so long may be alive.
    pub fn was_silent(&mut self, operation: &Operation) {
        if operation.is_part() && operation.moved > 0 {
            self.slowest = self.slowest.max(self.now.since(operation.silent_since));
        }
    }

    /// How long a part may be silent that stalled `stalls` times before, in milliseconds: twice as long, at least, as
    /// another was before it was answered.
    pub fn patience(&self, stalls: u32) -> u64 {
        self.silence(self.config.stall.max(self.slowest.saturating_mul(2)), stalls)
    }

    /// What is dead is found out by the first try, after `base` milliseconds; what is only slow gets four times as long
    /// in the second, and sixteen times in each further one.
    fn silence(&self, base: u64, stalls: u32) -> u64 {
        base.saturating_mul(1 << (2 * stalls.min(2))).min(self.longest_silence())
    }

    /// The longest silence of a request, in milliseconds.
    pub fn longest_silence(&self) -> u64 {
        LONGEST_SILENCE.max(self.config.stall)
    }

    /// Sends a request that bears no part, and that stalled `stalls` times before.
    pub fn send(&mut self, target: Target, request: Request, stalls: u32) -> OpId {
        let op = self.begin(target, Kind::Request, Some(self.silence(self.config.stall, stalls)));
        if !matches!(target, Target::Call(_)) {
            self.availability.sent(self.now);
        }
        self.emit(Action::Send { op, request, part: None, read: None, report: false });
        op
    }

    /// Has a list read.
    pub fn decode_list(&mut self, target: Target, body: Vec<u8>) -> OpId {
        let op = self.begin(target, Kind::Local, Some(self.config.stall));
        self.emit(Action::DecodeList { op, body });
        op
    }

    /// An operation of the store begins.
    pub fn begin_storing(&mut self, target: Target) -> OpId {
        let limit = match (target, self.store_answered) {
            (Target::Tag(..), _) => TAG_LIMIT,
            (Target::Call(_), true) => CALL_LIMIT,
            (Target::Call(_), false) | (_, true) => STORE_LIMIT,
            _ => FIRST_STORE_LIMIT,
        };
        self.begin(target, Kind::Local, Some(limit))
    }

    /// A lock or the store did not answer an upload in time: others do not wait for it.
    pub fn store_hangs(&mut self) {
        self.left_alone_until = self.now.plus(LEFT_ALONE_FOR);
    }

    /// The store never answered, and may only be slow: what begins after its first answer is kept.
    pub fn look_out_for_store(&mut self) {
        self.store_hangs();
        if !self.store_answered && self.look_out.is_none() {
            let op = self.begin(Target::Look, Kind::Local, None);
            self.look_out = Some(op);
            self.emit(Action::LoadAll { op });
        }
    }

    /// Whether uploads that begin now are not kept, as nothing would answer them.
    pub fn is_store_left_alone(&self) -> bool {
        self.left_alone_until > self.now
    }

    /// Gives an operation up.
    pub fn cancel(&mut self, op: OpId) {
        // One without a verdict has ended in the browser.
        if self.operations.end(op).is_some_and(|operation| operation.suspect.is_none()) {
            self.emit(Action::Cancel { op });
        }
    }

    /// The store did what it was asked for.
    pub fn store_answered(&mut self) {
        if self.look_out.take().is_some() {
            self.left_alone_until = self.now;
        }
        self.store_answered = true;
    }

    /// The store failed: uploads continue without it, which is said once.
    pub fn store_failed(&mut self) {
        if !std::mem::replace(&mut self.warned, true) {
            self.emit(Action::WarnUnkept);
        }
    }

    /// How long what is stored now is of use, in milliseconds.
    pub fn kept_for(&self) -> u64 {
        self.admission.ends_at().map_or(KEPT_FOR, |end| end.since(self.now))
    }

    /// An upload lays claim to its file.
    pub fn claimed(&mut self) {
        self.claims += 1;
        if self.claims == 1 {
            self.emit(Action::Channel { open: true });
        }
    }

    /// An upload gives its claim up.
    pub fn unclaimed(&mut self) {
        self.claims = self.claims.saturating_sub(1);
        if self.claims == 0 {
            self.emit(Action::Channel { open: false });
        }
    }

    /// When a request of this class may be sent, as far as the service and the link have their say.
    pub fn opens_at(&self, class: Class) -> Instant {
        self.throttled_until.max(self.link.retry_at()).max(self.availability.opens_at(class))
    }

    /// Whether nothing at all may be sent now.
    pub fn is_blocked(&self) -> bool {
        self.may_not_ask() || self.link.retry_at() > self.now
    }

    /// Whether the service is not to be asked anything now, be it there or not: it asked everybody to wait, or there is
    /// no token.
    pub fn may_not_ask(&self) -> bool {
        self.token.is_awaited() || self.throttled_until > self.now
    }

    /// How a failed request is tried again; `None` when it is not. A 401 costs no try: the token is renewed once, then
    /// tried again for some seconds, and only then is the request given up. Where `waits`, a failed connection costs
    /// none while there is no network, or nothing may be asked anyway. What the service refuses to everybody of a class
    /// costs none either, for a while.
    pub fn next_try(
        &mut self,
        mut tries: Tries,
        failure: &Failure,
        epoch: u64,
        waits: bool,
        class: Option<Class>,
    ) -> Option<Tries> {
        if failure.code == Code::Unauthorized && failure.status.is_some() {
            tries = tries.freed(self.now);
            if epoch < self.token.epoch {
                return Some(tries);
            }
            tries.refusals += 1;
            return self.token_refused(tries.refusals).then_some(tries);
        }
        tries.refusals = 0;
        tries.stalls += u32::from(failure.is_stall());
        tries.unconnected = failure.is_connection_failure();
        if tries.unconnected && waits && (self.link.is_down() || self.may_not_ask()) {
            // The link, the token or the service says for how long.
            return Some(tries.freed(self.now));
        }
        if let Some(class) = class
            && (failure.is_unavailable() || tries.unconnected)
            && self.waits_with_all(class)?
        {
            return Some(tries.freed(self.now));
        }
        let wait = self.config.backoff.delay(tries.sent, failure, &mut self.random)?;
        tries.due = self.now.plus(wait);
        Some(tries)
    }

    /// Shows the upload's end, in place of any other moment that nobody fetched yet: an end is shown once.
    pub fn drop_shows(&mut self, id: UploadId) {
        self.outbox.retain(|action| !matches!(action, Action::Show { upload, .. } if *upload == id));
    }
}
