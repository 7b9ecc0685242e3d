//! What the onlooker learns from the events the engine is told.

use crate::ledger::{Flight, Ledger, RulesKnown};
use crate::record::{Retry, Slot, Tries};
use partway::engine::{Backoff, Engine, Event, Kept, RequestId, State, UploadId};
use partway::protocol::{Code, Failure};

impl Ledger {
    /// Notes an event the engine is about to be told.
    pub fn told(&mut self, event: &Event, engine: &Engine) {
        self.refusal = false;
        let now = self.now;
        match event {
            Event::RulesKnown { request, rules, expires_in } => {
                if let Some(flight) = self.requests.remove(request) {
                    self.reached(&flight);
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
                        let more = (*bytes).min(length) > *moved;
                        *moved = (*moved).max((*bytes).min(length));
                        if more && let Some(flight) = self.requests.get_mut(request) {
                            flight.moved = now;
                            flight.heard = true;
                        }
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
                if let Some((id, _)) = self.answered(*request) {
                    self.record(id).doubt = None;
                }
            }
            Event::Recalled { upload, kept } => self.recalled(*upload, kept.as_ref()),
            Event::Elsewhere { upload, .. } => {
                if let Some(record) = self.uploads.get_mut(upload)
                    && record.recalling
                {
                    (record.following, record.followed) = (record.live(), true);
                }
            }
            Event::DoneElsewhere { upload, key } => {
                if let Some(record) = self.uploads.get_mut(upload)
                    && record.recalling
                {
                    (record.recalling, record.following, record.followed) = (false, false, true);
                    if record.live() {
                        record.identity = Some((key.clone(), String::new()));
                        self.counts.add("recall: done elsewhere");
                    }
                }
            }
            Event::Wanted { upload } => {
                if let Some(record) = self.uploads.get_mut(upload) {
                    record.wanted = record.live();
                }
            }
            Event::Found { request, keys } => {
                if let Some((id, _)) = self.answered(*request) {
                    let record = self.record(id);
                    let own = record.identity.as_ref().map(|(key, _)| key.clone());
                    record.orphans = keys.iter().filter(|key| Some(*key) != own.as_ref()).cloned().collect();
                    record.searched = record.all_saved();
                    let kind = if record.orphans.is_empty() { "search: nothing" } else { "search: an orphan" };
                    record.tries.retain(|slot, _| !matches!(slot, Slot::Find | Slot::Clear));
                    self.counts.add(kind);
                }
            }
            Event::Offline => {
                let since = self.offline.map_or(now, |(since, _)| since);
                self.offline = Some((since, now + 30_000));
                self.counts.add("offline");
            }
            Event::Online => self.reconnected(),
            Event::Confirmed { request, completed } => {
                if let Some((id, _)) = self.answered(*request) {
                    self.confirmed(id, *completed);
                }
            }
            Event::Removed { request } => {
                if let Some((id, flight)) = self.answered(*request) {
                    self.tidied(id, flight.slot);
                }
            }
            Event::Failed { request, failure } => {
                if let Some(flight) = self.requests.get(request).copied()
                    && failure.is_overload()
                {
                    self.overloaded(flight.sent);
                }
                self.failed(*request, failure);
            }
            Event::TokenRenewed => {
                self.renewing = false;
                self.asks = None;
                self.generation += 1;
            }
            Event::TokenRefused(failure) => self.token_refused(failure),
            Event::Pause(id) => self.paused(*id, true, engine),
            Event::Resume(id) => self.paused(*id, false, engine),
            Event::Abort { upload, keep } => {
                if let Some(record) = self.uploads.get_mut(upload)
                    && !matches!(engine.state(*upload), None | Some(State::Done | State::Failed | State::Aborted))
                {
                    (record.aborted, record.aborted_at) = (Some(*keep), now);
                    record.untidy |= self.asks.is_some();
                    record.tries.retain(|slot, _| !matches!(slot, Slot::Find | Slot::Clear));
                    let starting = matches!(record.control, Some((_, Slot::Start)));
                    self.counts.add(if *keep { "person: abort and keep" } else { "person: abort" });
                    if starting {
                        self.counts.add("person: abort while starting");
                    }
                }
            }
        }
    }

    /// Nobody else sends the upload, and this is kept of it.
    fn recalled(&mut self, id: UploadId, kept: Option<&Kept>) {
        let Some(record) = self.uploads.get_mut(&id) else { return };
        if !std::mem::take(&mut record.recalling) {
            return;
        }
        let followed = std::mem::take(&mut record.following);
        let live = record.live();
        let left = record.identity.clone().map(|(key, upload_id)| {
            let part_size = record.plan.part_size();
            Kept { key, upload_id, part_size, tags: Vec::new() }
        });
        if let Some(kept) = kept.or(left.as_ref()).filter(|_| live) {
            record.recall(kept);
            self.counts.add("recall: goes on");
        }
        if followed && live {
            self.counts.add("recall: taken over");
        }
    }

    /// Something of an upload was removed.
    fn tidied(&mut self, id: UploadId, slot: Slot) {
        let record = self.record(id);
        match slot {
            Slot::Clear => {
                // The one that was asked for is the last; which it was does not matter here.
                record.orphans.pop_last();
                record.tries.remove(&Slot::Clear);
            }
            _ => record.removed = true,
        }
    }

    /// There is a network: what failed for want of it waits no longer.
    fn reconnected(&mut self) {
        self.offline = None;
        let now = self.now;
        let tries = self.uploads.values_mut().flat_map(|record| record.tries.values_mut());
        for tries in tries.chain([&mut self.rules_tries]) {
            if let Some(retry) = tries.retry.as_mut().filter(|retry| retry.unconnected) {
                (retry.not_before, retry.latest, retry.jitter) =
                    (retry.not_before.min(now), retry.latest.min(now), None);
            }
        }
    }

    /// An answer to what was sent after the network went proves that there is one.
    fn reached(&mut self, flight: &Flight) {
        if self.offline.is_some_and(|(since, _)| flight.sent > since) {
            self.reconnected();
        }
    }

    fn paused(&mut self, id: UploadId, paused: bool, engine: &Engine) {
        let Some(record) = self.uploads.get_mut(&id) else { return self.counts.add("person: unknown upload") };
        if !matches!(engine.state(id), None | Some(State::Done | State::Failed | State::Aborted)) {
            if paused && !record.paused {
                record.wanted = false;
            }
            record.paused = paused;
            record.passed_over = 0;
            self.counts.add(if paused { "person: pause" } else { "person: resume" });
        }
    }

    /// Takes an upload's request out of flight; `None` where it was cancelled or answered before.
    fn answered(&mut self, request: RequestId) -> Option<(UploadId, Flight)> {
        let flight = self.requests.remove(&request)?;
        let id = flight.upload?;
        if !self.failing {
            self.reached(&flight);
        }
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
        let Some(doubt) = record.doubt.take() else {
            record.verifying = false;
            record.complete = completed;
            let kind = if completed { "recall: was complete" } else { "recall: still there" };
            return self.counts.add(kind);
        };
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

    pub fn failed(&mut self, request: RequestId, failure: &Failure) {
        let now = self.now;
        let Some(flight) = self.requests.get(&request).copied() else { return };
        if let (Some(429 | 503), Some(asked)) = (failure.status, failure.retry_after) {
            self.hold = self.hold.max(now + asked.min(Backoff::LONGEST_ASKED));
        }
        let fresh = flight.generation == self.generation;
        let refused = failure.status == Some(401);
        self.failing = true;
        let answered = self.answered(request);
        self.failing = false;
        if failure.status.is_some() {
            self.reached(&flight);
        }
        let free = failure.is_unconnected() && self.offline.is_some();
        if free && let Some((since, _)) = self.offline {
            self.offline = Some((since, now + 30_000));
        }
        let Some((id, _)) = answered else {
            return self.rules_failed(refused, fresh, failure);
        };
        let backoff = self.config.backoff;
        let record = self.record(id);
        let aborted = record.aborted.is_some();
        let gone = failure.code == Code::NotFound;
        let doubt = record.doubt.as_ref().map(|doubt| doubt.code);
        if record.recalled && gone && !aborted && record.end.is_none() {
            let anew = match flight.slot {
                Slot::Verify | Slot::Part(_) => true,
                Slot::Confirm => doubt == Some(Code::NotFound) && record.tries[&Slot::Complete].sent <= 1,
                _ => false,
            };
            if anew {
                record.begin_anew();
                self.counts.add("recall: the service lost it");
                return;
            }
        }
        let tries = record.tries.entry(flight.slot).or_default();
        let mut last = false;
        if refused {
            tries.sent -= 1;
            tries.retry = Some(Retry::at_once(now));
            last = fresh && tries.refused;
            tries.refused |= fresh;
        } else {
            tries.refused = false;
            let doubtful = failure.is_ambiguous() || matches!(failure.status, Some(404 | 409));
            if free {
                tries.sent = tries.sent.saturating_sub(1);
                self.counts.add("offline: a try for free");
                let tries = self.record(id).tries.entry(flight.slot).or_default();
                tries.retry = Some(Retry { unconnected: true, ..Retry::at_once(now) });
            }
            let record = self.record(id);
            let tries = record.tries.entry(flight.slot).or_default();
            if flight.slot == Slot::Start && failure.is_ambiguous() && record.picked.findable {
                // It is sought first; then it is started again, when it is time, or given up.
                record.lost_start = true;
                record.seeking = !aborted || record.aborted == Some(false);
                record.spent = tries.sent >= Self::most_tries(failure, &backoff);
                tries.retry = None;
                if record.spent {
                    record.may_fail = Some(failure.code);
                }
            } else if flight.slot == Slot::Complete && doubtful {
                record.doubt = Some(failure.clone());
                record.tries.remove(&Slot::Confirm);
            } else if !free {
                last = Self::back_off(tries, failure, &backoff, now);
            }
        }
        let record = self.record(id);
        match flight.slot {
            Slot::Remove if gone => record.removed = true,
            Slot::Clear if gone || record.tries[&Slot::Clear].sent >= 3 => {
                record.search_failed |= !gone;
                self.tidied(id, Slot::Clear);
                last = false;
            }
            _ => {}
        }
        let record = self.record(id);
        if last && matches!(flight.slot, Slot::Find | Slot::Clear) {
            record.search_failed = true;
            // Before a start, the upload fails; before its end, it is done all the same.
            if record.all_saved() && record.identity.is_some() {
                last = false;
            }
        }
        if last && !aborted && record.end.is_none() {
            record.doom = Some(failure.code);
        }
        self.refusal = refused && fresh;
    }

    /// Rules that a service does not tell are no rules; a token refused twice ends what waits for them.
    fn rules_failed(&mut self, refused: bool, fresh: bool, failure: &Failure) {
        let (now, free) = (self.now, failure.is_unconnected() && self.offline.is_some());
        let tries = &mut self.rules_tries;
        if !refused {
            tries.refused = false;
            let last = if free {
                tries.sent -= 1;
                tries.retry = Some(Retry { unconnected: true, ..Retry::at_once(now) });
                false
            } else {
                // Uploads do not wait long for what a service need not have.
                let backoff = Backoff { attempts: self.config.backoff.attempts.min(3), ..self.config.backoff };
                let hangs = failure.code == Code::Timeout && failure.status.is_none();
                hangs || failure.code == Code::Protocol || Self::back_off(tries, failure, &backoff, now)
            };
            self.rules = if last { RulesKnown::Yes } else { RulesKnown::No };
            self.counts.add(if last { "rules: failed" } else { "rules: asked for again" });
            return;
        }
        self.rules = RulesKnown::No;
        self.refusal = fresh;
        tries.sent -= 1;
        tries.retry = None;
        if fresh && tries.refused {
            self.refusal = false;
            self.rules_tries = Tries::default();
            self.doom_all(failure.code, |_| true);
        } else {
            tries.refused |= fresh;
        }
    }

    /// A function that gives no token is asked again until the session is over; a token that never changes is the end.
    fn token_refused(&mut self, failure: &Failure) {
        self.renewing = false;
        self.tokenless_at = Some(self.now);
        for record in self.uploads.values_mut().filter(|record| !record.live() && !record.settled) {
            record.untidy = true;
        }
        let ended = self.ends_at.is_some_and(|end| self.now >= end);
        if failure.status.is_none() && failure.code == Code::Unauthorized && !ended {
            self.asks = Some((self.now + 500, self.now + 30_000));
            return self.counts.add("token: asked for again");
        }
        self.without_token(failure.code);
    }

    /// While no token can be had, the end of the session is the end of what began.
    pub fn session_over(&mut self) {
        if self.asks.is_some() && self.ends_at.is_some_and(|end| end <= self.now) {
            self.without_token(Code::Unauthorized);
        }
    }

    /// Nothing that began goes on.
    pub fn without_token(&mut self, code: Code) {
        (self.asks, self.tokenless_at) = (None, Some(self.now));
        let rules_wait = std::mem::take(&mut self.rules_tries.refused);
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
