//! What happens because time goes on: deadlines, waits, and when the engine is to be woken, and why.

use super::Engine;
use crate::engine::availability::Class;
use crate::engine::operations::{Kind, Operation, Target};
use crate::engine::{Action, Instant, OpId};
use crate::protocol::{Code, Failure};

/// A wake-up this late, in milliseconds, means that the machine slept or the page was busy: progress events could not
/// be delivered, and answers may be waiting unread.
const SLEPT: u64 = 500;

impl Engine {
    /// Time goes on. After a sleep (or in a tab whose timers are held back) every operation is given one more chance.
    pub(super) fn advance(&mut self, now: Instant) {
        let shared = &mut self.shared;
        if now <= shared.now {
            return;
        }
        let slept = self.wakes.is_some_and(|at| now.since(at) > SLEPT);
        shared.now = now;
        if slept {
            let stall = shared.config.stall;
            for operation in shared.operations.values_mut() {
                let until = now.plus(stall.min(operation.limit));
                if let Some(deadline) = operation.deadline.as_mut().filter(|deadline| !deadline.put_off) {
                    deadline.at = deadline.at.max(until);
                    deadline.put_off = true;
                }
            }
            for id in &self.active {
                if let Some(upload) = self.uploads.get_mut(*id) {
                    upload.overslept(now);
                }
            }
        }
    }

    /// What is due now, apart from what is sent.
    pub(super) fn on_time(&mut self) {
        while let Some(op) = self.shared.operations.overdue(self.shared.now) {
            self.give_up(op);
        }
        // Before the service is looked for, which nothing is without a token.
        self.shared.retry_token();
        if self.waits_for_service() {
            self.shared.doubt_token();
        }
        self.judge();
        if self.shared.probe_at().is_some_and(|at| at <= self.shared.now) && self.waits_for_service() {
            self.shared.probe();
        }
        if self.waits_for_service() {
            self.shared.ask_what_else();
        }
        self.end_with_session();
        if std::mem::take(&mut self.may_ask_back) {
            for upload in self.uploads.iter_mut() {
                upload.ask_back(&mut self.shared);
            }
        }
        let mut looks = false;
        for id in &self.active {
            if let Some(upload) = self.uploads.get_mut(*id) {
                upload.forget_read(self.shared.now);
                upload.record_late(&mut self.shared);
                upload.hand_over(&mut self.shared);
                upload.stand(&mut self.shared);
                looks |= upload.wait_for_lock(&mut self.shared);
            }
        }
        if looks {
            let op = self.shared.begin_storing(Target::Look);
            self.shared.emit(Action::QueryLocks { op });
        }
        self.wait_offline();
    }

    /// Calls wait for the network for a while.
    fn wait_offline(&mut self) {
        // What is about to find out whether there is a network waits no longer.
        let finds_out = !self.shared.is_blocked() && self.shared.operations.places(self.shared.now) == 0;
        if !self.shared.link.is_offline() || finds_out {
            return;
        }
        for id in self.waiting_calls() {
            let verdict = self.calls.get_mut(&id).and_then(|call| call.wait_offline(&mut self.shared));
            self.reply(id, verdict);
        }
    }

    /// Whether anybody waits for a service that is gone.
    fn waits_for_service(&self) -> bool {
        !self.uploads.is_empty() || !self.calls.is_empty()
    }

    /// Gives up an operation that moved nothing for too long.
    fn give_up(&mut self, op: OpId) {
        let Some(operation) = self.shared.operations.get(op).cloned() else { return };
        if self.may_be_thinking(&operation) && self.shared.is_there(operation.since) {
            return self.shared.give_time(op);
        }
        let stalled = Failure::stalled(self.shared.config.stall);
        self.shared.emit(Action::Cancel { op });
        match operation.kind {
            Kind::Local => {
                self.shared.operations.end(op);
                self.timed_out(operation.target, operation.epoch);
            }
            Kind::Fetch => self.fetch_ended(op, Err(stalled)),
            Kind::Request if operation.target == Target::Probe => self.probe_ended(op, false),
            Kind::Request => {
                if let Target::Part(id, part) = operation.target
                    && let Some(upload) = self.uploads.get_mut(id)
                {
                    upload.note_stall(part, &self.shared);
                }
                self.request_ended(op, Err(stalled), 0.0);
                // Whether the service is gone is found out sooner than by the next try, which is given more time.
                if operation.is_part() {
                    self.shared.look();
                }
            }
        }
    }

    /// Whether a part was handed over whole, as far as is known, in a later try: it may be on its way still, or the
    /// service may be at work on it.
    fn may_be_thinking(&self, operation: &Operation) -> bool {
        let Target::Part(id, part) = operation.target else { return false };
        let Some(upload) = self.uploads.get(id).filter(|_| operation.kind == Kind::Request) else { return false };
        let is_whole = operation.moved == 0 || operation.moved >= upload.plan.len(part);
        is_whole && upload.flight(part).is_some_and(|flight| flight.tries.stalls > 0)
    }

    /// An operation that sends nothing was not answered in time.
    fn timed_out(&mut self, target: Target, epoch: u64) {
        match target {
            Target::Step(id) => {
                if let Some(upload) = self.uploads.get_mut(id) {
                    upload.step_timed_out(epoch, &mut self.shared);
                }
            }
            Target::Part(id, part) => {
                if let Some(upload) = self.uploads.get_mut(id) {
                    let failure = Failure::unread();
                    upload.read_hung(part);
                    upload.part_failed(part, failure, epoch, &mut self.shared);
                }
            }
            Target::Tag(id, part) => {
                self.shared.store_hangs();
                if let Some(upload) = self.uploads.get_mut(id) {
                    upload.tag_stored(part, false, &mut self.shared);
                }
            }
            Target::Digest(id, part) => {
                if let Some(upload) = self.uploads.get_mut(id) {
                    upload.part_digested(part, None, &mut self.shared);
                }
            }
            Target::Call(id) => {
                let verdict = self.calls.get_mut(&id).and_then(|call| call.timed_out(epoch, &mut self.shared));
                self.reply(id, verdict);
            }
            Target::Look | Target::Rules | Target::Token | Target::Probe | Target::Stray => {}
        }
    }

    /// When to call [`Engine::poll`] next if nothing happens before, and why.
    #[must_use]
    pub fn wake_at(&self) -> Option<(Instant, &'static str)> {
        let mut soonest: Option<(Instant, &'static str)> = None;
        self.waits(|at, reason| {
            if soonest.is_none_or(|(known, _)| at < known) {
                soonest = Some((at, reason));
            }
        });
        soonest
    }

    /// The same right after [`Engine::poll`] gave nothing, for who does not ask why: the shipped wasm has no reasons.
    #[must_use]
    pub fn wakes(&self) -> Option<Instant> {
        self.wakes
    }

    /// The time of [`Engine::wake_at`].
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let mut soonest = None;
        self.waits(|at, _reason| soonest = Some(soonest.map_or(at, |known| at.min(known))));
        soonest
    }

    /// Tells `wait` what time alone brings, and when.
    fn waits(&self, mut wait: impl FnMut(Instant, &'static str)) {
        let now = self.shared.now;
        let token = &self.shared.token;
        let sends = if token.is_awaited() { None } else { self.send_at() };
        let is_waited_for = self.waits_for_service();
        let session = self.shared.admission.ends_at().filter(|at| token.has_failed() && *at > now);
        let mut tell = |at: Option<Instant>, reason| {
            if let Some(at) = at {
                wait(at, reason);
            }
        };
        for upload in self.active.iter().filter_map(|id| self.uploads.get(*id)) {
            tell(upload.show_at(now), "progress is shown");
            tell(upload.lock_at(), "a lock is waited for");
            tell(upload.record_at(), "a small file takes long");
            tell(upload.stands_at(&self.shared), "an abort stands");
        }
        tell(sends, "something can be sent");
        tell(token.retry_at(), "the token function is called again");
        tell(self.shared.token_doubted_at().filter(|_| is_waited_for), "the token is doubted");
        tell(session, "the session ends");
        tell(self.shared.operations.deadline(), "an operation is given up");
        tell(self.shared.operations.unread_at(now), "a file is waited for");
        tell(self.shared.verdict_at(), "a failed connection is judged");
        tell(self.shared.probe_at().filter(|_| is_waited_for), "the service is looked for");
        for call in self.calls.values() {
            tell(call.offline_until(), "a call waited for the network");
        }
    }

    /// When something can be sent next, if only time is in its way.
    fn send_at(&self) -> Option<Instant> {
        let shared = &self.shared;
        let (now, mut soonest) = (shared.now, None);
        let mut due = |at: Option<Instant>, opens: Instant| {
            if let Some(at) = at.map(|at| at.max(opens)).filter(|at| *at > now) {
                soonest = Some(soonest.map_or(at, |known| at.min(known)));
            }
        };
        let (rest, parts) = (shared.opens_at(Class::Rest), shared.opens_at(Class::Parts));
        for upload in self.active.iter().filter_map(|id| self.uploads.get(*id)) {
            due(upload.step_due(), rest);
            due(upload.parts_due(), parts);
        }
        due((!self.queue.is_empty() && !self.rules.hold_uploads()).then_some(now), rest);
        due((!self.strays.is_empty()).then_some(now), rest);
        due(self.rules_due(), rest);
        due(self.makes_room(), parts);
        let calls_held =
            shared.throttled_until.max(if shared.link.is_offline() { shared.link.retry_at() } else { now });
        for call in self.calls.values() {
            due(call.due(), calls_held);
        }
        soonest
    }
}

impl Engine {
    /// Ends everything with the session, where no token can be had.
    fn end_with_session(&mut self) {
        if self.shared.token.has_failed() && self.shared.admission.has_ended(self.shared.now) {
            let message = "The session has ended and its token cannot be renewed.";
            self.no_token(&Failure::new(Code::Unauthorized, message));
        }
    }

    /// No token can be had any more: every upload that needs one fails, and every call. What is stored stays stored.
    pub(super) fn no_token(&mut self, failure: &Failure) {
        self.shared.token.forget();
        for id in &self.active {
            if let Some(upload) = self.uploads.get_mut(*id).filter(|upload| !upload.is_claiming()) {
                upload.fail_or_let_be(failure, &mut self.shared);
            }
        }
        self.fail_queue(failure);
        self.fail_calls(failure);
    }

    /// Fails what is queued, where it waits for the token or for the rules.
    pub(super) fn fail_queue(&mut self, failure: &Failure) {
        for id in &self.queue {
            if let Some(upload) = self.uploads.get_mut(*id) {
                upload.fail_or_let_be(failure, &mut self.shared);
            }
        }
    }

    /// Fails calls that wait to be sent.
    pub(super) fn fail_calls(&mut self, failure: &Failure) {
        for id in self.waiting_calls().into_iter().chain(self.callers()) {
            self.reply(id, Some(Err(failure.clone())));
        }
    }

    /// A token could not be had for now. What was aborted is settled: nothing can be removed.
    pub(super) fn let_aborted_be(&mut self) {
        for id in &self.active {
            if let Some(upload) = self.uploads.get_mut(*id).filter(|upload| upload.has_ended()) {
                upload.let_be(&mut self.shared);
            }
        }
    }

    /// Judges failed connections.
    fn judge(&mut self) {
        for op in self.shared.judged() {
            self.judge_one(op);
        }
    }

    pub(super) fn judge_one(&mut self, op: OpId) {
        let suspect = self.shared.operations.get_mut(op).and_then(|operation| operation.suspect.take());
        if let Some(suspect) = suspect {
            self.request_ended(op, Err(suspect.failure), 0.0);
        }
    }
}
