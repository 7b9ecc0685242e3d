//! What the onlooker learns from the events the engine is told.

use crate::ledger::{Flight, Ledger, RulesKnown};
use crate::record::{Retry, Slot};
use partway::engine::{Backoff, Engine, Event, RequestId, State, UploadId};
use partway::protocol::{Code, Failure};

impl Ledger {
    /// Notes an event the engine is about to be told.
    pub fn told(&mut self, event: &Event, engine: &Engine) {
        self.refusal = false;
        let now = self.now;
        match event {
            Event::RulesKnown { request, rules, expires_in } => {
                if self.requests.remove(request).is_some() {
                    self.rules = RulesKnown::Yes;
                    self.limits = *rules;
                    self.ends_at = expires_in.map(|millis| now + millis);
                }
            }
            Event::Started { request, key, upload_id } => {
                if let Some((id, _)) = self.answered(*request) {
                    self.record(id).identity = Some((key.clone(), upload_id.clone()));
                }
            }
            Event::PartMoved { request, bytes } => {
                if let Some(Flight { upload: Some(id), slot: Slot::Part(part), .. }) =
                    self.requests.get(request).copied()
                {
                    let record = self.record(id);
                    let length = record.plan.len(part);
                    if let Some((_, moved)) = record.flights.get_mut(&part) {
                        *moved = (*moved).max((*bytes).min(length));
                    }
                }
            }
            Event::PartStored { request, tag } => {
                if let Some((id, Flight { slot: Slot::Part(part), .. })) = self.answered(*request) {
                    self.record(id).tags.insert(part, tag.clone());
                }
            }
            Event::Saved { upload, part } => {
                if let Some(record) = self.uploads.get_mut(upload)
                    && record.tags.contains_key(part)
                    && record.live()
                {
                    record.saved.insert(*part);
                }
            }
            Event::Completed { request } => {
                self.answered(*request);
            }
            Event::Confirmed { request, completed } => {
                if let Some((id, _)) = self.answered(*request) {
                    self.confirmed(id, *completed);
                }
            }
            Event::Removed { request } => {
                if let Some((id, _)) = self.answered(*request) {
                    self.record(id).removed = true;
                }
            }
            Event::Failed { request, failure } => self.failed(*request, failure),
            Event::TokenRenewed => {
                self.renewing = false;
                self.generation += 1;
            }
            Event::TokenRefused(failure) => self.token_refused(failure),
            Event::Pause(id) => self.paused(*id, true, engine),
            Event::Resume(id) => self.paused(*id, false, engine),
            Event::Abort { upload, keep } => {
                if let Some(record) = self.uploads.get_mut(upload)
                    && !matches!(engine.state(*upload), None | Some(State::Done | State::Failed | State::Aborted))
                {
                    record.aborted = Some(*keep);
                    let starting = matches!(record.control, Some((_, Slot::Start)));
                    self.counts.add(if *keep { "person: abort and keep" } else { "person: abort" });
                    if starting {
                        self.counts.add("person: abort while starting");
                    }
                }
            }
        }
    }

    fn paused(&mut self, id: UploadId, paused: bool, engine: &Engine) {
        let Some(record) = self.uploads.get_mut(&id) else { return self.counts.add("person: unknown upload") };
        if !matches!(engine.state(id), None | Some(State::Done | State::Failed | State::Aborted)) {
            record.paused = paused;
            record.passed_over = 0;
            self.counts.add(if paused { "person: pause" } else { "person: resume" });
        }
    }

    /// Takes an upload's request out of flight; `None` where it was cancelled or answered before.
    fn answered(&mut self, request: RequestId) -> Option<(UploadId, Flight)> {
        let flight = self.requests.remove(&request)?;
        let id = flight.upload?;
        let record = self.record(id);
        match flight.slot {
            Slot::Part(part) => {
                record.flights.remove(&part);
            }
            _ => record.control = None,
        }
        Some((id, flight))
    }

    fn confirmed(&mut self, id: UploadId, completed: bool) {
        let (backoff, now) = (self.config.backoff, self.now);
        let record = self.record(id);
        let doubt = record.doubt.take().expect("a doubt");
        if !completed {
            let tries = record.tries.entry(Slot::Complete).or_default();
            if Self::back_off(tries, &doubt, &backoff, now) {
                record.doom = Some(doubt.code);
            }
        }
        self.counts.add(if completed {
            "answer: ambiguous completion, was done"
        } else {
            "answer: ambiguous completion, was not"
        });
    }

    fn failed(&mut self, request: RequestId, failure: &Failure) {
        let now = self.now;
        let Some(flight) = self.requests.get(&request).copied() else { return };
        if let (Some(429 | 503), Some(asked)) = (failure.status, failure.retry_after) {
            self.hold = self.hold.max(now + asked.min(Backoff::LONGEST_ASKED));
        }
        let fresh = flight.generation == self.generation;
        let refused = failure.status == Some(401);
        let Some((id, _)) = self.answered(request) else {
            return self.rules_failed(refused, fresh, failure);
        };
        let backoff = self.config.backoff;
        let record = self.record(id);
        let aborted = record.aborted.is_some();
        let tries = record.tries.entry(flight.slot).or_default();
        let mut last = false;
        if refused {
            tries.sent -= 1;
            tries.retry = Some(Retry { failed_at: now, not_before: now, latest: now, jitter: None });
            last = fresh && tries.refused;
            tries.refused |= fresh;
        } else {
            tries.refused = false;
            let doubtful = failure.is_ambiguous() || (tries.sent > 1 && matches!(failure.status, Some(404 | 409)));
            if flight.slot == Slot::Complete && doubtful {
                record.doubt = Some(failure.clone());
                record.tries.remove(&Slot::Confirm);
            } else {
                last = Self::back_off(tries, failure, &backoff, now);
            }
        }
        if flight.slot == Slot::Remove && failure.code == Code::NotFound {
            record.removed = true;
        }
        if last && !aborted {
            record.doom = Some(failure.code);
        }
        self.refusal = refused && fresh;
    }

    /// Rules that a service does not tell are no rules; a token refused twice ends what waits for them.
    fn rules_failed(&mut self, refused: bool, fresh: bool, failure: &Failure) {
        if !refused {
            self.counts.add("rules: failed");
            self.rules_refused = false;
            self.rules = RulesKnown::Yes;
            return;
        }
        self.rules = RulesKnown::No;
        self.refusal = fresh;
        if fresh && self.rules_refused {
            self.refusal = false;
            self.rules_refused = false;
            self.doom_all(failure.code, |_| true);
        } else {
            self.rules_refused |= fresh;
        }
    }

    fn token_refused(&mut self, failure: &Failure) {
        self.renewing = false;
        let ended = self.ends_at.is_some_and(|end| self.now >= end);
        let code = if ended { Code::SessionExpired } else { failure.code };
        let rules_wait = std::mem::take(&mut self.rules_refused);
        self.doom_all(code, |requests| requests > 0 || rules_wait);
    }

    /// All that lives must fail; what is not known to have begun may.
    fn doom_all(&mut self, code: Code, must: impl Fn(u32) -> bool) {
        for record in self.uploads.values_mut().filter(|record| record.live()) {
            record.may_fail = Some(code);
            if must(record.requests) {
                record.doom = Some(code);
            }
        }
    }
}
