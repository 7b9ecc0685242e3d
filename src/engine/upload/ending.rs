//! The end: what it leaves at the service, in the store and in other tabs is put in order before it is settled.

use super::orphans::Orphans;
use super::stage::{End, EndStep, Ending, Stage, Starting};
use super::{Claim, Upload};
use crate::engine::shared::Shared;
use crate::engine::tries::Exchange;
use crate::engine::{Action, Checkpoint, Instant, OpId, Remote};
use crate::protocol::{Code, Failure};
use crate::resume::PeerEnd;

/// An abort waits so long for the service to remove what it has, in milliseconds.
const UNANSWERED: u64 = 2_000;

impl Upload {
    /// Abandons every request and every other operation, but for `goes_on` and tags on their way to the store.
    pub(super) fn cancel_requests(&mut self, goes_on: Option<OpId>, shared: &mut Shared) {
        let step = self.stage.operation().filter(|op| Some(*op) != goes_on);
        for op in self.parts.land().into_iter().chain(step) {
            shared.cancel(op);
        }
    }

    /// Waits no longer for tags on their way to the store.
    pub(super) fn cancel_storing(&mut self, shared: &mut Shared) {
        for (part, op) in self.parts.storing() {
            shared.cancel(op);
            self.parts.counts(part);
        }
    }

    /// The person aborts it; `keep` leaves what is stored.
    pub fn abort(&mut self, keep: bool, shared: &mut Shared) {
        if self.has_ended() {
            return;
        }
        // Nothing is known yet of what is stored: it is not this upload's to delete.
        let is_unknown = matches!(self.stage, Stage::Queued | Stage::Claiming(_))
            || self.is_told()
            || self.claim.as_ref().is_some_and(|claim| claim.found_earlier.is_some());
        let keeps_record = keep || is_unknown;
        let remote = self.stage.remote().filter(|_| !is_unknown).cloned();
        let step = match &self.stage {
            // The answer to a start is waited for: without the key nothing could be removed.
            Stage::Starting(Starting::Posting(Exchange { op: Some(op), .. })) if !keep => EndStep::AwaitingStart(*op),
            // The record is what somebody would resume it from.
            Stage::Starting(Starting::StoringRecord(op, _)) if keep => EndStep::Storing(Some(*op)),
            _ if remote.is_some() && !keep => EndStep::Removing(Exchange::default()),
            _ => EndStep::Storing(None),
        };
        if keep {
            self.record(shared);
        }
        let goes_on = match step {
            EndStep::AwaitingStart(op) => Some(op),
            EndStep::Storing(op) => op,
            _ => None,
        };
        self.cancel_requests(goes_on, shared);
        if !keep {
            self.cancel_storing(shared);
        }
        let is_over = matches!(step, EndStep::Storing(_));
        self.stage = Stage::Ending(Ending { end: End::Aborted, keep: keeps_record, remote, step });
        self.show_end(shared);
        self.aborted_at = Some(shared.now);
        if !keeps_record {
            self.store_abort(shared);
        }
        // Without a token nothing can be removed either.
        if shared.token.has_failed() {
            self.let_be(shared);
        } else if is_over {
            self.clean_up(shared);
        }
    }

    /// The decision is kept at once: nobody is offered the upload any more, and whoever sees this removes what is left.
    fn store_abort(&mut self, shared: &mut Shared) {
        let Some(Remote { key, .. }) = self.stage.remote().cloned() else { return };
        let is_kept = |claim: &Claim| claim.locked && (claim.recorded || claim.begun_at.is_some());
        if !self.claim.as_ref().is_some_and(is_kept) {
            return;
        }
        let name = self.name_there.clone().unwrap_or_default();
        if let Some(op) = self.store(Checkpoint::Aborted { key, name }, shared) {
            self.parts.stores(op);
        }
    }

    /// When the abort is known to stand, unless everything is done for it before: what is left to do may take a
    /// network, or a service that does not answer.
    pub fn stands_at(&self, shared: &Shared) -> Option<Instant> {
        let Stage::Ending(ending) = &self.stage else { return None };
        let aborted_at = self.aborted_at.filter(|_| !self.parts.stores_still())?;
        let wait = match ending.step {
            EndStep::Settled => return None,
            _ if shared.link.is_down() => 0,
            EndStep::AwaitingStart(_) => shared.config.stall,
            _ => UNANSWERED,
        };
        Some(aborted_at.plus(wait))
    }

    /// Says that the abort stands, if it is time to.
    pub fn stand(&mut self, shared: &mut Shared) {
        if self.stands_at(shared).is_some_and(|at| at <= shared.now) {
            self.aborted_at = None;
            shared.emit(Action::Stand { upload: self.id });
        }
    }

    /// There is no token: what would have to be removed is left.
    pub fn let_be(&mut self, shared: &mut Shared) {
        if let Stage::Ending(ending) = &self.stage
            && matches!(ending.step, EndStep::AwaitingStart(_) | EndStep::Removing(_) | EndStep::Orphans(_))
        {
            if matches!(ending.step, EndStep::AwaitingStart(_)) {
                self.seek_own_name();
            }
            self.cancel_requests(None, shared);
            self.leave_to_be_found();
            self.release(shared);
        } else {
            self.check_storing(shared);
        }
    }

    /// No token can be had: it fails, or what would have to be removed is left.
    pub fn fail_or_let_be(&mut self, failure: &Failure, shared: &mut Shared) {
        if self.has_ended() {
            self.let_be(shared);
        } else {
            self.finish(End::Failed(failure.clone()), shared);
        }
    }

    /// It ends.
    pub fn finish(&mut self, end: End, shared: &mut Shared) {
        if self.has_ended() {
            return self.release(shared);
        }
        self.cancel_requests(None, shared);
        let remote = self.stage.remote().cloned();
        if end == End::Done {
            // All of it is stored, whoever sent it.
            (self.meter.highest_sent, self.meter.peer_parts) = (self.plan.size(), self.plan.parts());
        }
        // What is stored of a file that changed is of no use to anybody.
        let is_useless = matches!(&end, End::Failed(failure) if failure.code == Code::FileChanged);
        let keep = match &end {
            End::Failed(failure) => {
                let is_unknown = matches!(self.stage, Stage::Queued | Stage::Claiming(_));
                is_unknown || remote.is_some() && !is_useless && failure.code != Code::NotFound
            }
            End::Done | End::Aborted => false,
        };
        if keep {
            self.record(shared);
        } else {
            self.cancel_storing(shared);
        }
        let removes = is_useless && remote.is_some();
        let step = if removes { EndStep::Removing(Exchange::default()) } else { EndStep::Storing(None) };
        let is_done = end == End::Done;
        self.stage = Stage::Ending(Ending { end, keep, remote, step });
        if !is_done {
            self.show_end(shared);
        }
        if !removes {
            self.release(shared);
        }
    }

    /// An aborted start was answered with a key, or not.
    pub(super) fn start_awaited(&mut self, remote: Option<Remote>, shared: &mut Shared) {
        let Stage::Ending(ending) = &mut self.stage else { return };
        match remote {
            Some(remote) => {
                ending.remote = Some(remote);
                ending.step = EndStep::Removing(Exchange::default());
                // The removal is waited for from now on.
                self.aborted_at = self.aborted_at.map(|_| shared.now);
            }
            None => self.clean_up(shared),
        }
    }

    /// What the service has is removed, or cannot be.
    pub(super) fn removed(&mut self, removed: bool, shared: &mut Shared) {
        match self.stage.remote() {
            Some(remote) if removed => shared.admission.removed(&remote.key),
            _ => self.leave_to_be_found(),
        }
        self.clean_up(shared);
    }

    /// Nothing is left to do at the service, but for what a lost start may have left.
    fn clean_up(&mut self, shared: &mut Shared) {
        let Stage::Ending(ending) = &mut self.stage else { return };
        if !self.sought.is_empty() && !ending.keep {
            ending.step = EndStep::Orphans(Orphans::of(self.sought.clone()));
        } else {
            self.release(shared);
        }
    }

    /// Nothing is left to do at the service. The end is told before what is stored is deleted: a tab that finds neither
    /// would start over.
    pub(super) fn release(&mut self, shared: &mut Shared) {
        let Stage::Ending(ending) = &mut self.stage else { return };
        let Some(claim) = self.claim.as_ref().filter(|claim| claim.locked) else { return self.settle(shared) };
        let is_intent = !claim.recorded && ending.remote.is_none();
        let is_done = ending.end == End::Done;
        let left = self.sought.last().filter(|_| self.orphans_left && !is_done).cloned();
        if ending.keep || is_intent && left.is_some() {
            if !matches!(ending.step, EndStep::Storing(_)) {
                ending.step = EndStep::Storing(None);
            }
            return self.check_storing(shared);
        }
        if !claim.keeps && !claim.recorded && !claim.written && claim.found_earlier.is_none() {
            // Nothing is stored of it, as the store failed before: it is not waited for.
            return self.settle(shared);
        }
        let identity = claim.found_earlier.as_ref().unwrap_or(&claim.identity).clone();
        if is_done {
            self.post_report(Some(PeerEnd::Done), shared);
        }
        // The decision to abort it is carried out.
        self.cancel_storing(shared);
        // What is left in the bucket is found by its name when the file is picked again; nobody is offered it.
        let intent = left.and_then(|name| self.store(Checkpoint::Intent { name }, shared));
        let op = intent.unwrap_or_else(|| {
            let op = shared.begin_storing(self.step());
            shared.emit(Action::Purge { op, identity });
            op
        });
        if let Stage::Ending(ending) = &mut self.stage {
            ending.step = EndStep::Purging(op);
        }
    }

    /// What the service has of it could not be removed.
    fn leave_to_be_found(&mut self) {
        if let Some(name) = self.name_there.clone() {
            self.seek(name);
        }
    }

    /// The record of an aborted upload is stored, or not.
    pub(super) fn record_kept(&mut self, shared: &mut Shared) {
        if let Stage::Ending(ending) = &mut self.stage {
            ending.step = EndStep::Storing(None);
        }
        self.check_storing(shared);
    }

    /// Goes on once nothing is on its way to the store any more.
    pub(super) fn check_storing(&mut self, shared: &mut Shared) {
        if let Stage::Ending(ending) = &self.stage
            && matches!(ending.step, EndStep::Storing(None))
            && !self.parts.is_storing()
        {
            self.settle(shared);
        }
    }

    /// Releases the file's lock and ends the upload.
    pub(super) fn settle(&mut self, shared: &mut Shared) {
        let Stage::Ending(ending) = &self.stage else { return };
        if matches!(ending.step, EndStep::Settled) {
            return;
        }
        let is_done = ending.end == End::Done;
        // A tab may have begun to listen since the end was told first; whoever found the lock taken hears this.
        if self.claim.as_ref().is_some_and(|claim| claim.locked) {
            self.post_report(Some(if is_done { PeerEnd::Done } else { PeerEnd::Gone }), shared);
        }
        self.unclaim(None, shared);
        if let Stage::Ending(ending) = &mut self.stage {
            ending.step = EndStep::Settled;
        }
        if is_done {
            self.show_end(shared);
        }
        shared.admission.dropped(self.id);
        shared.emit(Action::Settle { upload: self.id });
    }

    fn show_end(&self, shared: &mut Shared) {
        shared.drop_shows(self.id);
        let view = self.view(shared.now, shared);
        shared.emit(Action::Show { upload: self.id, view });
    }
}
