//! What follows from a failure: another try, another token, or the end.

use super::{Engine, REMOVAL_TRIES, RULES_TRIES, RulesKnown, Target};
use crate::engine::flight::Tries;
use crate::engine::upload::{After, Doubt, End, Phase};
use crate::engine::{Action, Backoff, RequestId, UploadId};
use crate::protocol::{Code, Failure};

/// When a function that failed to give a token is asked again; it is asked without end.
const TOKEN_BACKOFF: Backoff = Backoff { attempts: u32::MAX, base: 1000, longest: 30_000 };
/// It is given this long at least, in milliseconds.
const TOKEN_LEAST_WAIT: u64 = 500;

impl Engine {
    pub(super) fn failed(&mut self, request: RequestId, failure: Failure) {
        let Some(sent) = self.answered(request) else { return };
        if failure.is_throttling()
            && let Some(wait) = failure.retry_after
        {
            self.hold = self.hold.max(self.now.plus(wait.min(Backoff::LONGEST_ASKED)));
        }
        if failure.is_overload() {
            self.window.overloaded(sent.at, self.now);
        }
        if failure.status.is_some() {
            self.reached(sent.at);
        } else if failure.is_unconnected() && self.link.is_down() {
            self.link.went(self.now);
        }
        match sent.target {
            Target::Rules => self.rules_failed(failure, sent.epoch),
            Target::Part(id, part) => self.part_failed(id, part, failure, sent.epoch),
            Target::Control(id) => self.control_failed(id, failure, sent.epoch),
        }
    }

    /// A service without session rules is no error; a token that nobody can renew is one for all that waits.
    fn rules_failed(&mut self, failure: Failure, epoch: u64) {
        let tries = std::mem::take(&mut self.rules_tries);
        self.rules = RulesKnown::Yes;
        // A service that hangs here, or keeps failing, must not delay uploads further.
        let hangs = failure.code == Code::Timeout && failure.status.is_none() && !self.link.is_down();
        let last = hangs || failure.code == Code::Protocol;
        match self.next_try(tries, &failure, epoch).filter(|tries| !last && tries.sent < RULES_TRIES) {
            Some(tries) => {
                self.rules = RulesKnown::No;
                self.rules_tries = tries;
            }
            None if matches!(failure.code, Code::Unauthorized | Code::InvalidOption) => {
                self.rules = RulesKnown::No;
                self.fail_queue(&failure);
            }
            None => {}
        }
    }

    fn fail_queue(&mut self, failure: &Failure) {
        for id in std::mem::take(&mut self.queue) {
            self.finish(id, End::Failed(failure.clone()));
        }
    }

    fn part_failed(&mut self, id: UploadId, part: u32, failure: Failure, epoch: u64) {
        let Some(upload) = self.uploads.get(&id) else { return };
        let Some(flight) = upload.flights.get(&part) else { return };
        if upload.recalled && failure.code == Code::NotFound {
            return self.begin_anew(id);
        }
        match self.next_try(flight.tries, &failure, epoch) {
            Some(tries) => {
                if let Some(upload) = self.uploads.get_mut(&id) {
                    upload.try_again(part, tries);
                }
            }
            None => self.finish(id, End::Failed(failure)),
        }
    }

    fn control_failed(&mut self, id: UploadId, failure: Failure, epoch: u64) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        upload.control_request = None;
        let (tries, phase, aborted) = (upload.control, upload.phase.clone(), upload.end.is_some());
        // Browsers silently repeat a request that a reused connection lost: even the first 404 or 409 may answer the
        // second copy.
        let doubtful = failure.is_ambiguous() || matches!(failure.status, Some(404 | 409));
        let gone = failure.code == Code::NotFound;
        // Waiting for a network is free.
        let spent = tries.sent.saturating_sub(u32::from(failure.is_unconnected() && self.link.is_down()));
        match phase {
            Phase::Starting | Phase::Removing
                if upload.identity.is_none() && failure.is_ambiguous() && upload.findable =>
            {
                upload.lost_start = true;
                if aborted {
                    self.leave(id);
                } else {
                    upload.enter(Phase::Seeking(After::Start(Doubt { failure, tries: spent })));
                }
            }
            Phase::Removing if upload.identity.is_none() => self.removal_ended(id, false),
            Phase::Removing | Phase::Clearing(_) if gone => self.removal_ended(id, true),
            Phase::Removing | Phase::Clearing(_) if spent >= REMOVAL_TRIES && failure.code != Code::Unauthorized => {
                self.removal_ended(id, false);
            }
            Phase::Verifying if gone => self.begin_anew(id),
            Phase::Confirming(Doubt { failure: Failure { code: Code::NotFound, .. }, tries: 0..=1 })
                if gone && upload.recalled =>
            {
                self.begin_anew(id);
            }
            Phase::Completing if doubtful => {
                upload.enter(Phase::Confirming(Doubt { failure, tries: spent }));
            }
            _ => match self.next_try(tries, &failure, epoch) {
                Some(tries) => {
                    if let Some(upload) = self.uploads.get_mut(&id) {
                        upload.control = tries;
                    }
                }
                None if aborted => self.settle(id),
                None if matches!(phase, Phase::Seeking(After::Done) | Phase::Clearing(After::Done)) => {
                    self.finish(id, End::Done);
                }
                None => self.finish(id, End::Failed(failure)),
            },
        }
    }

    /// How a failed request is tried again; `None` when it is not. A 401 costs no try: the token is renewed once, and
    /// only a request refused under two tokens is given up.
    fn next_try(&mut self, mut tries: Tries, failure: &Failure, epoch: u64) -> Option<Tries> {
        if failure.code == Code::Unauthorized && failure.status.is_some() {
            let stale = epoch < self.token.epoch;
            if tries.refused && !stale {
                return None;
            }
            tries.sent = tries.sent.saturating_sub(1);
            tries.due = self.now;
            if !stale {
                tries.refused = true;
                if !self.token.renewing && self.token.ask_at.is_none() {
                    self.token.renewing = true;
                    self.outbox.push_back(Action::RenewToken);
                }
            }
            return Some(tries);
        }
        tries.refused = false;
        tries.unconnected = failure.is_unconnected();
        if tries.unconnected && self.link.is_down() {
            // Waiting for a network is free, and the link says for how long.
            tries.sent = tries.sent.saturating_sub(1);
            tries.due = self.now;
            return Some(tries);
        }
        let wait = self.config.backoff.delay(tries.sent, failure, &mut self.random)?;
        tries.due = self.now.plus(wait);
        Some(tries)
    }

    /// No new token is available. A token function is asked again, with back-off, until the session ends; uploads wait
    /// and lose nothing. A fixed token cannot change: every active upload fails, and stored parts stay stored.
    pub(super) fn token_refused(&mut self, failure: &Failure) {
        self.token.renewing = false;
        let final_word = failure.status.is_some() || failure.code != Code::Unauthorized;
        if !final_word && !self.admission.has_ended(self.now) {
            self.token.refused += 1;
            let wait = TOKEN_BACKOFF.wait(self.token.refused, failure, &mut self.random);
            self.token.ask_at = Some(self.now.plus(wait.max(TOKEN_LEAST_WAIT)));
            let aborted = |id: &UploadId| self.uploads.get(id).is_some_and(|upload| upload.end.is_some());
            for id in self.active.clone().into_iter().filter(aborted).collect::<Vec<_>>() {
                self.finish(id, End::Aborted);
            }
            return;
        }
        self.token.ask_at = None;
        if std::mem::take(&mut self.rules_tries.refused) {
            self.fail_queue(failure);
        }
        for id in self.active.clone() {
            self.finish(id, End::Failed(failure.clone()));
        }
    }

    /// Asks for the token again when it is time, or ends everything with the session.
    pub(super) fn ask_for_token(&mut self) {
        let Some(at) = self.token.ask_at else { return };
        if self.admission.has_ended(self.now) {
            self.token_refused(&Failure::new(
                Code::Unauthorized,
                "The session has ended and its token cannot be renewed.",
            ));
        } else if at <= self.now {
            self.token.ask_at = None;
            self.token.renewing = true;
            self.outbox.push_back(Action::RenewToken);
        }
    }
}
