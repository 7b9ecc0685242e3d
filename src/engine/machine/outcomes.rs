//! What follows from the outcome of an operation.

use super::uploads::Uploads;
use super::{Engine, Stray};
use crate::engine::operations::{Deadline, Kind, Operation, Suspect, Target};
use crate::engine::upload::FlightStep;
use crate::engine::{Action, Backoff, Bytes, CallId, Given, Identity, OpId, Outcome, Stored, UploadId};
use crate::protocol::{Code, Failure, FileInfo, Response, part_tag};

/// Least average rate, in bytes a millisecond, of an answer that has come for this many times the stall timeout.
const LEAST_RATE: u64 = 1;
const TRICKLES: u64 = 4;

impl Engine {
    /// An operation ended. One that was cancelled, or has ended before, is unknown.
    pub(super) fn ended(&mut self, op: OpId, outcome: Outcome) {
        let Some(operation) = self.shared.operations.get(op).filter(|operation| operation.suspect.is_none()) else {
            return;
        };
        match operation.kind {
            Kind::Request => self.request_outcome(op, outcome),
            Kind::Fetch => {
                let result = match outcome {
                    Outcome::Fetched(bytes) => Ok(bytes),
                    Outcome::Response(Response { status, retry_after, .. }) => {
                        Err(Failure::from_status(status, retry_after))
                    }
                    Outcome::Misfit => Err(Failure::from_status(416, None)),
                    Outcome::TooLong => Err(Failure::wrong_length()),
                    Outcome::Unkept => {
                        Err(Failure::new(Code::Integrity, "The browser could not keep the downloaded bytes."))
                    }
                    Outcome::Unsupported => {
                        Err(Failure::new(Code::Integrity, "This page has no `fetch`, without which no download comes."))
                    }
                    _ => Err(Failure::connection()),
                };
                self.fetch_ended(op, result);
            }
            Kind::Local => {
                if let Some(operation) = self.shared.operations.end(op) {
                    self.local_ended(operation, outcome);
                }
            }
        }
    }

    /// A request or a download is so far.
    pub(super) fn moved(&mut self, op: OpId, bytes: u64) {
        let now = self.shared.now;
        let Some(operation) = self.shared.operations.get_mut(op) else { return };
        let limit = operation.limit;
        if bytes <= operation.moved || operation.suspect.is_some() {
            return;
        }
        (operation.moved, operation.silent_since) = (bytes, now);
        let mut came = bytes;
        if let (Target::Call(id), Kind::Fetch) = (operation.target, operation.kind)
            && let Some(call) = self.calls.get_mut(&id)
        {
            came = call.moved(bytes, &mut self.shared);
        }
        let Some(operation) = self.shared.operations.get_mut(op) else { return };
        let mut until = now.plus(limit);
        if !operation.is_part() {
            // An answer that trickles is kept up for no other end than to keep the request.
            until = until.min(operation.since.plus((TRICKLES * limit).saturating_add(came / LEAST_RATE)));
        }
        operation.deadline = Some(Deadline::new(until));
        if let Target::Part(id, part) = operation.target
            && let Some(upload) = self.uploads.get_mut(id)
        {
            upload.part_moved(part, bytes, &self.shared);
        }
    }

    /// A request was answered or not. A failed connection is no verdict yet: the browser may be about to learn that
    /// there is no network, or the file may be what cannot be read.
    fn request_outcome(&mut self, op: OpId, outcome: Outcome) {
        let Some(operation) = self.shared.operations.get(op).cloned() else { return };
        let is_rules = operation.target == Target::Rules;
        let mut received_at = 0.0;
        let result = match outcome {
            Outcome::Response(response) => {
                received_at = response.received_at;
                let result = response.success();
                self.shared.link.answered(is_rules && result.is_ok());
                if !result.as_ref().is_err_and(Failure::is_unavailable) {
                    self.queue_changed |= self.shared.served(operation.target);
                }
                result
            }
            Outcome::TooLong => Err(Failure { status: Some(200), ..Failure::protocol("it is too long") }),
            Outcome::Redirected { status } => {
                let failure = Failure::protocol("it came from another address, after a redirect");
                Err(Failure { status: Some(status), ..failure })
            }
            Outcome::Unreadable => Err(Failure::unreadable()),
            _ => {
                if is_rules {
                    self.shared.link.rules_unanswered();
                }
                Err(Failure::connection())
            }
        };
        if result.is_ok() {
            self.shared.token.accepted(operation.epoch);
        }
        match result {
            result if operation.target == Target::Probe => {
                // What the service asks of everybody, it may ask in any answer.
                if let Err(failure) = &result
                    && failure.status.is_some()
                {
                    self.note_failure(failure, &operation);
                    // What failed before may have been refused like this, by an answer that no page may read.
                    if failure.code == Code::Unauthorized && operation.epoch == self.shared.token.epoch {
                        self.shared.token_refused(1);
                    }
                }
                let is_there = !result.is_err_and(|failure| failure.is_connection_failure());
                self.probe_ended(op, is_there);
            }
            Err(failure) if failure.is_connection_failure() => self.suspect(op, operation, failure),
            result => self.request_ended(op, result, received_at),
        }
    }

    fn suspect(&mut self, op: OpId, operation: Operation, failure: Failure) {
        let (now, stall) = (self.shared.now, self.shared.config.stall);
        if let Target::Part(id, part) = operation.target {
            self.shared.operations.end(op);
            let deadline = Some(Deadline::new(now.plus(stall)));
            let peek = Operation { kind: Kind::Local, deadline, ..operation };
            let op = self.shared.operations.begin(peek);
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.recheck_part(part, failure, op, &mut self.shared);
            }
        } else if let Some(operation) = self.shared.operations.get_mut(op) {
            operation.deadline = None;
            operation.suspect = Some(Suspect { failure, since: now });
        }
    }

    /// A request has ended for good.
    pub(super) fn request_ended(&mut self, op: OpId, result: Result<Vec<u8>, Failure>, received_at: f64) {
        let Some(operation) = self.shared.operations.end(op) else { return };
        let Operation { target, epoch, since, .. } = operation;
        if result.is_ok() {
            self.shared.was_silent(&operation);
        }
        let is_answered = result.as_ref().map_or_else(|failure| failure.status.is_some(), |_| true);
        if is_answered && self.shared.reached(since) {
            self.reconnected();
        }
        if let Err(failure) = &result {
            self.note_failure(failure, &operation);
        }
        let shared = &mut self.shared;
        match target {
            Target::Step(id) => {
                if let Some(upload) = self.uploads.get_mut(id) {
                    upload.step_ended(result, epoch, shared);
                }
            }
            Target::Part(id, part) => {
                let Some(upload) = self.uploads.get_mut(id) else { return };
                match result.and_then(|body| part_tag(&body, part)) {
                    Ok(tag) => {
                        let bytes = upload.plan.len(part);
                        shared.speed.moved(bytes, shared.now);
                        shared.window.stored(bytes, shared.now);
                        upload.part_answered(part, &operation, shared.now);
                        upload.part_arrived(part, tag, shared);
                    }
                    Err(failure) => upload.part_failed(part, failure, epoch, shared),
                }
            }
            Target::Call(id) => {
                let verdict = self.calls.get_mut(&id).and_then(|call| call.answered(result, epoch, shared));
                self.reply(id, verdict);
            }
            Target::Rules => self.rules_ended(result, received_at, epoch),
            Target::Stray => self.stray_removed(op, result),
            Target::Tag(..) | Target::Digest(..) | Target::Look | Target::Token | Target::Probe => {}
        }
    }

    /// A file without an upload is removed, or cannot be now: what is stored of it stays, for whoever sees it next.
    fn stray_removed(&mut self, op: OpId, result: Result<Vec<u8>, Failure>) {
        let Some(Stray { key, identity }) = self.removing.remove(&op) else { return };
        if result.is_err_and(|failure| failure.code != Code::NotFound) {
            return;
        }
        self.shared.admission.removed(&key);
        if let Some(identity) = identity.filter(|identity| !self.is_claimed(identity)) {
            let op = self.shared.begin_storing(Target::Look);
            self.shared.emit(Action::Purge { op, identity });
        }
    }

    /// Whether an upload here lays claim to the file.
    fn is_claimed(&self, identity: &Identity) -> bool {
        claims(&self.uploads, &self.active, identity)
    }

    /// What was aborted, and could not be removed, is removed now, unless another page is about to.
    fn remove_aborted(&mut self, stored: &[Stored], locks: &[Identity]) {
        for Stored { identity, record, .. } in stored {
            let is_known = self.is_claimed(identity)
                || self
                    .strays
                    .iter()
                    .chain(self.removing.values())
                    .any(|stray| stray.identity.as_ref() == Some(identity));
            if let Some(key) = record.aborted_key().filter(|_| !is_known && !locks.contains(identity)) {
                self.strays.push(Stray { key: key.to_owned(), identity: Some(identity.clone()) });
            }
        }
    }

    /// What a failure says of the service as a whole.
    fn note_failure(&mut self, failure: &Failure, operation: &Operation) {
        let (shared, since) = (&mut self.shared, operation.since);
        if failure.is_throttling()
            && let Some(wait) = failure.retry_after
        {
            let until = shared.now.plus(wait.min(Backoff::LONGEST_ASKED));
            shared.throttled_until = shared.throttled_until.max(until);
        }
        if failure.is_unavailable() {
            shared.refused(operation.target, since, failure);
            self.queue_changed = true;
        }
        if failure.is_overload() {
            shared.window.overloaded(since, shared.now);
        }
        if failure.is_connection_failure() && shared.link.is_down() {
            shared.link.went(shared.now);
        }
    }

    /// The probe was answered, or not. Not: the service is gone. Else what failed before failed by itself.
    pub(super) fn probe_ended(&mut self, op: OpId, is_there: bool) {
        let Some(probe) = self.shared.operations.end(op) else { return };
        self.shared.probe_ended();
        if !is_there {
            self.shared.link.went(self.shared.now);
            self.queue_changed = true;
            return;
        }
        if self.shared.reached(probe.since) {
            self.reconnected();
        }
        let is_judged =
            |operation: &Operation| operation.suspect.as_ref().is_some_and(|suspect| suspect.since < probe.since);
        let judged = self.shared.operations.iter().filter(|(_, operation)| is_judged(operation)).map(|(op, _)| *op);
        for op in judged.collect::<Vec<_>>() {
            self.judge_one(op);
        }
    }

    /// A download ended.
    pub(super) fn fetch_ended(&mut self, op: OpId, result: Result<Bytes, Failure>) {
        let Some(Operation { target: Target::Call(id), epoch, .. }) = self.shared.operations.end(op) else { return };
        let Some(call) = self.calls.get_mut(&id) else { return };
        let verdict = match result {
            Ok(bytes) => call.fetched(bytes),
            Err(failure) => call.fetch_failed(failure, epoch, &mut self.shared),
        };
        self.reply(id, verdict);
    }

    /// An operation that sends nothing ended.
    fn local_ended(&mut self, operation: Operation, outcome: Outcome) {
        let epoch = operation.epoch;
        if matches!(outcome, Outcome::Stored(Ok(())) | Outcome::Loaded(Ok(_)) | Outcome::LoadedAll(Ok(_))) {
            self.shared.store_answered();
        }
        match (operation.target, outcome) {
            (Target::Token, Outcome::Token(given)) => self.token_given(given),
            (Target::Part(id, part), Outcome::Readable(readable)) => self.peeked(id, part, readable, None, operation),
            (Target::Part(id, part), Outcome::ReadWhole(read)) => self.peeked(id, part, true, Some(read), operation),
            (Target::Tag(id, part), Outcome::Stored(result)) => {
                if let Some(upload) = self.uploads.get_mut(id) {
                    upload.tag_stored(part, result.is_ok(), &mut self.shared);
                }
            }
            (Target::Digest(id, part), Outcome::Digested(digest)) => {
                self.shared.digested(operation.since);
                if let Some(upload) = self.uploads.get_mut(id) {
                    upload.part_digested(part, digest, &mut self.shared);
                }
            }
            (Target::Step(id), outcome) => self.step_outcome(id, outcome, epoch),
            (Target::Call(id), outcome) => self.call_outcome(id, outcome, epoch),
            _ => {}
        }
    }

    fn step_outcome(&mut self, id: UploadId, outcome: Outcome, epoch: u64) {
        let is_known = match &outcome {
            Outcome::Sampled(Some(identity), _) => self.is_claimed(identity),
            _ => false,
        };
        let shared = &mut self.shared;
        let Some(upload) = self.uploads.get_mut(id) else { return };
        match outcome {
            Outcome::Sampled(identity, read) => upload.sampled(identity, read, is_known, shared),
            Outcome::Locked(lock) => upload.locked(lock, shared),
            Outcome::Loaded(loaded) => upload.loaded_or_not(loaded, shared),
            Outcome::Stored(result) => upload.stored(result.is_ok(), shared),
            Outcome::Listed(files) => upload.listed(files, epoch, shared),
            Outcome::Digested(digest) => upload.checked(digest, shared),
            _ => upload.step_timed_out(epoch, shared),
        }
    }

    fn call_outcome(&mut self, id: CallId, outcome: Outcome, epoch: u64) {
        let Self { shared, calls, .. } = self;
        let Some(call) = calls.get_mut(&id) else { return };
        let verdict = match outcome {
            Outcome::Listed(Ok(mut files)) => {
                let strays = files.extract_if(.., |file| shared.starts.made_twice(file));
                self.strays.extend(strays.filter_map(|file| Some(Stray { key: file.file_key?, identity: None })));
                self.note_list(&files);
                let call = self.calls.get_mut(&id);
                call.and_then(|call| call.listed(Ok(files), epoch, &mut self.shared))
            }
            Outcome::Listed(Err(failure)) => call.listed(Err(failure), epoch, shared),
            Outcome::Locks(locks) => {
                call.locks_known(locks, shared);
                None
            }
            Outcome::LoadedAll(loaded) => {
                if let (Ok(stored), Some(locks)) = (&loaded, call.locks()) {
                    let locks = locks.to_vec();
                    self.remove_aborted(stored, &locks);
                }
                let Self { shared, uploads, active, calls, .. } = self;
                let Some(call) = calls.get_mut(&id) else { return };
                let is_own = |identity: &_| claims(uploads, active, identity);
                call.loaded_all(loaded, is_own, shared)
            }
            Outcome::Stored(result) => call.purged(result),
            _ => call.timed_out(epoch, shared),
        };
        self.reply(id, verdict);
    }

    /// The bucket was listed: this counts against the rules, and what is begun here.
    fn note_list(&mut self, files: &[FileInfo]) {
        let admission = &mut self.shared.admission;
        admission.listed(files.iter().filter_map(|file| Some((file.file_key.clone()?, file.size()))));
        for upload in self.active.iter().filter_map(|id| self.uploads.get(*id)) {
            if let Some(key) = upload.key() {
                admission.holds(key, upload.plan.size());
            }
        }
    }

    /// The file can be read, or not: before a part is sent, or after its connection failed.
    fn peeked(&mut self, id: UploadId, part: u32, readable: bool, read: Option<Bytes>, operation: Operation) {
        // A read that hung took no place.
        let (room, room_beside) = self.room();
        let has_place = self.shared.operations.places(self.shared.now) < self.most_requests();
        let took_place = !operation.is_slow(self.shared.now);
        let shared = &mut self.shared;
        let Some(upload) = self.uploads.get_mut(id) else { return };
        let has_room = took_place || has_place && (room || room_beside && upload.parts_in_flight() == 1);
        let Some(step) = upload.flight(part).map(|flight| flight.step.clone()) else { return };
        if !readable {
            return upload.part_failed(part, Failure::unreadable(), operation.epoch, shared);
        }
        match step {
            FlightStep::Peeking if !has_room => upload.put_off(part, shared),
            FlightStep::Peeking => upload.send_part(part, read, shared),
            FlightStep::Rechecking(failure) => {
                let suspect = Some(Suspect { failure, since: shared.now });
                let op =
                    shared.operations.begin(Operation { kind: Kind::Request, deadline: None, suspect, ..operation });
                if let Some(flight) = upload.flight_mut(part) {
                    flight.op = op;
                }
            }
            FlightStep::Sending => {}
        }
    }

    /// What the token function gave.
    fn token_given(&mut self, given: Given) {
        let is_first = self.shared.token.is_first();
        let failure = match given {
            Given::Token => {
                self.shared.token.given(self.shared.now);
                self.may_ask_back = true;
                return;
            }
            Given::Invalid(failure) => return self.no_token(&failure),
            Given::Nothing(failure) if is_first => failure,
            // Without a network or a service, that it fails says nothing of the token there is.
            Given::Nothing(_) | Given::Threw if !is_first && self.shared.link.is_down() => {
                return self.shared.token.kept(self.shared.now);
            }
            // A function that returned a token before and returns nothing now means: signed out for the moment.
            Given::Nothing(_) => Failure::new(Code::Unauthorized, "The token function gave no session token."),
            Given::Threw => Failure::new(Code::Unauthorized, "The token function failed to give a session token."),
        };
        if is_first {
            return self.no_token(&failure);
        }
        self.shared.token_failed(&failure);
        self.let_aborted_be();
        self.fail_calls(&failure);
    }
}

/// Whether one of those begun lays claim to the file: the queue may be long, and claims nothing.
fn claims(uploads: &Uploads, active: &[UploadId], identity: &Identity) -> bool {
    active.iter().filter_map(|id| uploads.get(*id)).any(|upload| upload.claims(identity))
}
