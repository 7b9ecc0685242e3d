//! Parts, their tags, and the completion.

use super::Upload;
use super::orphans::Orphans;
use super::parts::{Digesting, FlightStep};
use super::stage::{End, Live, LiveStep, Stage, Starting};
use crate::engine::availability::Class;
use crate::engine::operations::{Kind, Target};
use crate::engine::shared::Shared;
use crate::engine::tries::{Exchange, Tries};
use crate::engine::{Action, Bytes, Identity, Instant, OpId, PartBody};
use crate::names::PREFIX;
use crate::protocol::{Code, Failure, FileInfo, Request};
use crate::resume::{Digest, StoredPart};

/// For so long, in milliseconds, a small file that was read is taken to be readable.
const JUST_READ: u64 = 1000;

impl Upload {
    /// Begins a part: first the file is looked at, as Firefox never ends a request whose file has changed.
    pub fn take_part(&mut self, part: u32, shared: &mut Shared) {
        if self.parts.in_flight() == 0 {
            self.begin_moving(shared.now);
        }
        let op = shared.begin(Target::Part(self.id, part), Kind::Local, Some(shared.config.stall));
        self.parts.take(part, op, shared.now);
        self.served = op.0;
        let read = self.read.take();
        self.read_sent = false;
        if self.is_just_read(part, shared.now) {
            self.read_sent = read.is_some();
            shared.operations.end(op);
            return self.send_part(part, read, shared);
        }
        shared.emit(Action::Peek { op, upload: self.id, range: self.plan.range(part), whole: self.is_short() });
    }

    /// What was read of the file a while ago takes memory, and may be something else by now.
    pub fn forget_read(&mut self, now: Instant) {
        if now.since(self.sampled_at) >= JUST_READ {
            self.read = None;
        }
    }

    /// Whether the file was read a moment ago, and is not known to have failed since. One without bytes was not: that
    /// it is gone shows only where its part is looked for.
    fn is_just_read(&self, part: u32, now: Instant) -> bool {
        if self.plan.is_empty() {
            return false;
        }
        let is_first = self.parts.flight(part).is_some_and(|flight| flight.tries.sent == 0);
        self.is_small() && is_first && self.fingerprint.is_some() && now.since(self.sampled_at) < JUST_READ
    }

    /// The part's bytes are there, and may have been read. It is sent, or put back where nothing may be sent any more.
    pub fn send_part(&mut self, part: u32, read: Option<Bytes>, shared: &mut Shared) {
        let Some(tries) = self.parts.flight(part).map(|flight| flight.tries) else { return };
        let Stage::Live(Live { remote, step: LiveStep::Sending, .. }) = &self.stage else { return };
        if self.paused || shared.is_blocked() {
            return self.put_off(part, shared);
        }
        let (limit, report) = self.patience(part, tries, shared);
        let read = read.filter(|read| self.plan.parts() == 1 && read.size == self.plan.size());
        let request = Request::part(&remote.key, &remote.upload_id, part);
        let op = shared.begin(Target::Part(self.id, part), Kind::Request, Some(limit));
        if let Some(flight) = self.parts.flight_mut(part) {
            (flight.op, flight.step, flight.moved) = (op, FlightStep::Sending, 0);
            flight.tries.begin();
        }
        let body = PartBody { upload: self.id, range: self.plan.range(part) };
        if let Some(Digesting::Reading(op)) = self.parts.take_digest(part) {
            shared.cancel(op);
        }
        if self.is_kept() && self.plan.parts() > 1 && shared.may_digest() {
            // What this try sends, so that another file of the same name is known by it. It is read first: a file that
            // changes between is then another one.
            shared.digests();
            let op = shared.begin(Target::Digest(self.id, part), Kind::Local, Some(shared.config.stall));
            self.parts.digests(part, op);
            shared.emit(Action::Digest { op, upload: self.id, range: self.plan.range(part) });
        }
        shared.emit(Action::Send { op, request, part: Some(body), read, report });
    }

    /// The part's bytes are there, and it may not be sent now.
    pub fn put_off(&mut self, part: u32, shared: &Shared) {
        if let Some(tries) = self.parts.flight(part).map(|flight| flight.tries) {
            self.parts.put_back(part, Tries { due: shared.now, ..tries });
        }
    }

    /// The connection failed. A browser that cannot read the file any more says so too.
    pub fn recheck_part(&mut self, part: u32, failure: Failure, op: OpId, shared: &mut Shared) {
        let range = self.plan.range(part);
        let Some(flight) = self.parts.flight_mut(part) else { return };
        (flight.op, flight.step) = (op, FlightStep::Rechecking(failure));
        shared.emit(Action::Peek { op, upload: self.id, range, whole: false });
    }

    /// The service has a part. Its tag is stored before it counts.
    pub fn part_arrived(&mut self, part: u32, tag: String, shared: &mut Shared) {
        if !self.stage.is_sending() {
            return;
        }
        let length = self.plan.len(part);
        let moved = self.parts.flight(part).map_or(0, |flight| flight.moved);
        let digest = self.parts.take_digest(part);
        let op = match digest {
            _ if !self.is_kept() || self.is_small() => None,
            None if self.plan.parts() == 1 => {
                self.store_part(part, StoredPart { tag: tag.clone(), digest: None }, shared)
            }
            Some(Digesting::Known(digest)) => {
                self.store_part(part, StoredPart { tag: tag.clone(), digest: Some(digest) }, shared)
            }
            Some(Digesting::Reading(op)) => Some(op),
            // It could not be read, or sending it again is cheaper: it counts, and is not kept.
            None => None,
        };
        self.parts.arrived(part, tag, length, op);
        self.advance(length.saturating_sub(moved), shared);
        self.check_parts(shared);
    }

    /// Whether what the service has of it is kept here.
    fn is_kept(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.keeps && claim.recorded)
    }

    /// What is sent as a part is known now, or cannot be: it is then not kept, and would be sent again.
    pub fn part_digested(&mut self, part: u32, digest: Option<Digest>, shared: &mut Shared) {
        let Some(tag) = self.parts.tag(part).filter(|_| self.parts.is_storing_part(part)).cloned() else {
            return self.parts.digested(part, digest);
        };
        let op = digest.and_then(|_| self.store_part(part, StoredPart { tag, digest }, shared));
        match op {
            Some(op) => self.parts.goes_on_storing(part, op),
            None => self.tag_stored(part, true, shared),
        }
    }

    /// Stores what is kept of a part.
    fn store_part(&self, number: u32, part: StoredPart, shared: &mut Shared) -> Option<OpId> {
        let (remote, claim) = (self.stage.remote()?.clone(), self.claim.as_ref()?);
        let op = shared.begin_storing(Target::Tag(self.id, number));
        let (upload, identity, part_size) = (self.id, claim.identity.clone(), self.plan.part_size());
        shared.emit(Action::StorePart { op, upload, identity, remote, part_size, number, part });
        Some(op)
    }

    /// The tag of a part is stored, or keeping it failed.
    pub fn tag_stored(&mut self, part: u32, stored: bool, shared: &mut Shared) {
        if !stored {
            self.stop_keeping(shared);
        }
        if part == 0
            && stored
            && !self.has_ended()
            && let Some(claim) = &mut self.claim
        {
            claim.recorded = true;
        }
        self.parts.counts(part);
        self.meter.moved_since_shown = true;
        self.check_parts(shared);
        self.check_storing(shared);
    }

    /// Goes on once every part counts. A file that could have changed since it was sampled is sampled again.
    pub(super) fn check_parts(&mut self, shared: &Shared) {
        let is_known = self.fingerprint.is_none() || self.read_sent;
        let Stage::Live(live) = &mut self.stage else { return };
        if matches!(live.step, LiveStep::Sending) && self.parts.done() == self.plan.parts() {
            let first = Exchange::after(Tries { due: shared.now, ..Tries::default() });
            live.step = if is_known { LiveStep::Completing(first) } else { LiveStep::Sampling(first) };
        }
    }

    /// The file was sampled again.
    pub(super) fn resampled(&mut self, identity: Option<&Identity>, shared: &mut Shared) {
        let is_same = identity.is_some() && identity == self.fingerprint.as_ref();
        match &mut self.stage {
            Stage::Live(live) if is_same => live.step = LiveStep::Completing(Exchange::default()),
            _ => {
                let message = "The file changed while it was uploaded; pick it again.";
                self.finish(End::Failed(Failure::new(Code::FileChanged, message)), shared);
            }
        }
    }

    /// The service still has what was begun before. An earlier start of it may have been lost, and act late: under the
    /// same name, which is looked for before it is done.
    pub(super) fn verified(&mut self, file: FileInfo, shared: &mut Shared) {
        if let Some(claim) = &mut self.claim {
            claim.told_done = false;
        }
        let is_complete = file.is_complete();
        let found_earlier = self.claim.as_ref().and_then(|claim| claim.found_earlier.clone());
        let is_another = found_earlier.is_some() && file.size() != self.plan.size();
        let is_this = self.key().is_some_and(|key| file.is_of(key, self.plan.size(), self.plan.parts()));
        if is_another || is_complete && !is_this || !is_complete && self.is_told() {
            // Another service's key, that happens to name something here too; or another file under that key; or not
            // what another tab told. It stays in the bucket, and counts for the files after this one.
            let there = self.key().map(|key| (key.to_owned(), file.size()));
            self.restart(shared);
            if let Some((key, size)) = there {
                shared.admission.holds(&key, size);
            }
            return;
        }
        if is_complete && self.claim.as_ref().is_some_and(|claim| claim.doubted) {
            // Nobody knows whether this file is the one that is complete.
            return self.begin(shared);
        }
        let is_own = self.file.unique_name && !self.is_told();
        if let Some(name) = file.file_name.filter(|name| is_own && name.starts_with(PREFIX)) {
            self.name_there = Some(name.clone());
            self.seek(name);
        }
        match (found_earlier, self.claim.as_mut(), self.stage.remote()) {
            (Some(earlier), Some(claim), Some(remote)) if !is_complete => {
                claim.found_earlier = None;
                let (identity, live) = (claim.identity.clone(), Live::sending(remote.clone(), true));
                let op = shared.begin_storing(self.step());
                self.stage = Stage::Starting(Starting::StoringRecord(op, live));
                shared.emit(Action::Move { op, earlier, identity });
            }
            _ => self.confirmed(is_complete, shared),
        }
    }

    /// Whether the service still has it, or has completed it.
    pub(super) fn confirmed(&mut self, completed: bool, shared: &mut Shared) {
        if completed {
            return self.completed(shared);
        }
        let Stage::Live(live) = &mut self.stage else { return };
        if let LiveStep::Confirming(exchange, uncertain) = &mut live.step {
            if let Some(due) = uncertain.asked_again_at(shared) {
                *exchange = Exchange::after(Tries { due, ..Tries::default() });
                return;
            }
            match uncertain.again(shared) {
                Some(again) => live.step = LiveStep::Completing(again),
                None => {
                    let failure = uncertain.failure.clone();
                    self.finish(End::Failed(failure), shared);
                }
            }
        } else {
            live.step = LiveStep::Sending;
            self.check_parts(shared);
        }
    }

    /// All parts are joined.
    pub(super) fn completed(&mut self, shared: &mut Shared) {
        match &mut self.stage {
            Stage::Live(live) if !self.sought.is_empty() => {
                live.step = LiveStep::Orphans(Orphans::of(self.sought.clone()));
            }
            _ => self.finish(End::Done, shared),
        }
    }

    /// A part's try came to nothing.
    pub fn part_failed(&mut self, part: u32, failure: Failure, epoch: u64, shared: &mut Shared) {
        let Some(tries) = self.parts.flight(part).map(|flight| flight.tries) else { return };
        let resumed = matches!(&self.stage, Stage::Live(live) if live.resumed);
        if resumed && failure.code == Code::NotFound {
            return self.restart(shared);
        }
        match shared.next_try(tries, &failure, epoch, true, Some(Class::Parts)) {
            Some(tries) => self.parts.put_back(part, tries),
            None => self.finish(End::Failed(failure), shared),
        }
    }

    /// One tag a part, for the completion.
    pub(super) fn tags(&self) -> Option<Vec<String>> {
        self.parts.all_tags(&self.plan)
    }
}
