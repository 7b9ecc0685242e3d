//! What follows from a failure: another try, another token, or the end.

use super::{Engine, REMOVAL_TRIES, RulesKnown, Target};
use crate::engine::upload::{End, Phase, Tries};
use crate::engine::{Action, Backoff, RequestId, UploadId};
use crate::protocol::{Code, Failure};

impl Engine {
    pub(super) fn failed(&mut self, request: RequestId, failure: Failure) {
        let Some(sent) = self.answered(request) else { return };
        if failure.is_throttling()
            && let Some(wait) = failure.retry_after
        {
            self.hold = self.hold.max(self.now.plus(wait.min(Backoff::LONGEST_ASKED)));
        }
        match sent.target {
            Target::Rules => self.rules_failed(failure, sent.epoch),
            Target::Part(id, part) => self.part_failed(id, part, failure, sent.epoch),
            Target::Control(id) => self.control_failed(id, failure, sent.epoch),
        }
    }

    /// A service without session rules is no error; a token that nobody can renew is one for all that waits.
    fn rules_failed(&mut self, failure: Failure, epoch: u64) {
        self.rules = RulesKnown::No;
        let tries = Tries { sent: 1, refused: std::mem::take(&mut self.rules_refused), ..Tries::default() };
        if failure.status == Some(401)
            && let Some(tries) = self.next_try(tries, &failure, epoch)
        {
            self.rules_refused = tries.refused;
        } else if matches!(failure.code, Code::Unauthorized | Code::InvalidOption) {
            self.fail_queue(&failure);
        } else {
            self.rules = RulesKnown::Yes;
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
        let doubtful = failure.is_ambiguous() || (tries.sent > 1 && matches!(failure.status, Some(404 | 409)));
        match phase {
            Phase::Removing if upload.identity.is_none() || failure.code == Code::NotFound => {
                self.forget_stored(id);
                self.settle(id);
            }
            Phase::Removing if tries.sent >= REMOVAL_TRIES => self.settle(id),
            Phase::Completing if doubtful => upload.enter(Phase::Confirming { doubt: failure, tries: tries.sent }),
            _ => match self.next_try(tries, &failure, epoch) {
                Some(tries) => {
                    if let Some(upload) = self.uploads.get_mut(&id) {
                        upload.control = tries;
                    }
                }
                None if aborted => self.settle(id),
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
            tries.sent -= 1;
            tries.due = self.now;
            if !stale {
                tries.refused = true;
                if !self.token.renewing {
                    self.token.renewing = true;
                    self.outbox.push_back(Action::RenewToken);
                }
            }
            return Some(tries);
        }
        tries.refused = false;
        let wait = self.config.backoff.delay(tries.sent, failure, &mut self.random)?;
        tries.due = self.now.plus(wait);
        Some(tries)
    }

    /// Everything begun needs a token, so everything begun ends; what is stored stays stored.
    pub(super) fn token_refused(&mut self, failure: &Failure) {
        self.token.renewing = false;
        let failure = if self.admission.has_ended(self.now) {
            Failure { code: Code::SessionExpired, message: "The session has ended.".to_owned(), ..failure.clone() }
        } else {
            failure.clone()
        };
        if std::mem::take(&mut self.rules_refused) {
            self.fail_queue(&failure);
        }
        for id in self.active.clone() {
            self.finish(id, End::Failed(failure.clone()));
        }
    }
}
