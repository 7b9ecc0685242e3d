//! On the way to a key: the store learns what is about to happen before the service does.

use super::Upload;
use super::orphans::{AfterOrphans, Orphans};
use super::parts::Parts;
use super::stage::{End, Live, Stage, Starting, Uncertain};
use crate::engine::operations::Target;
use crate::engine::shared::Shared;
use crate::engine::tries::Exchange;
use crate::engine::{Action, Checkpoint, Instant, OpId, Remote};
use crate::protocol::Started;

/// For so long, in milliseconds, the key of a small file that was begun is not stored: most are done before.
const RECORD_AFTER: u64 = 300;

impl Upload {
    /// Announces the upload, if the rules let it in. A page that dies in its start leaves a file that nobody knows the
    /// key of; where the store knows of the start, the next page finds it by its name.
    pub(super) fn begin(&mut self, shared: &mut Shared) {
        if let Err(failure) = self.file.name.write() {
            return self.finish(End::Failed(failure), shared);
        }
        if let Err(failure) = shared.admission.admit(self.id, self.plan.size(), shared.now) {
            return self.finish(End::Failed(failure), shared);
        }
        // What this tab stored before it left the upload to another is not of this start.
        self.parts = Parts::new();
        self.meter.resumed_from = 0;
        let intent = Checkpoint::Intent { name: self.file.name.as_str().to_owned() };
        self.stage = Stage::Starting(match self.store(intent, shared) {
            Some(op) => Starting::StoringIntent(op),
            None => Starting::Posting(Exchange::default()),
        });
    }

    /// Stores a checkpoint, where anything is kept of this upload.
    pub(super) fn store(&mut self, checkpoint: Checkpoint, shared: &mut Shared) -> Option<OpId> {
        if matches!(checkpoint, Checkpoint::Intent { .. }) && !self.file.unique_name {
            return None;
        }
        // Nothing waits for an abort to be stored but the word that it stands; nothing for a key that is stored late.
        let is_aborted = matches!(checkpoint, Checkpoint::Aborted { .. });
        let is_late = matches!(self.stage, Stage::Live(_)) && matches!(checkpoint, Checkpoint::Begun(_));
        let target = if is_aborted || is_late { Target::Tag(self.id, 0) } else { self.step() };
        let claim = self.claim.as_mut().filter(|claim| claim.keeps)?;
        claim.written = true;
        let op = shared.begin_storing(target);
        let (upload, identity, part_size) = (self.id, claim.identity.clone(), self.plan.part_size());
        let expires_in = shared.kept_for();
        shared.emit(Action::Store { op, upload, identity, checkpoint, part_size, expires_in });
        Some(op)
    }

    /// The store knows that a start is about to be sent, or failed.
    pub(super) fn intent_stored(&mut self) {
        self.stage = Stage::Starting(Starting::Posting(Exchange::default()));
    }

    /// The service told the key. The store learns it before anything is sent under it; that of a small file only if
    /// the file takes long: what the store knows already finds it by its name.
    pub(super) fn started(&mut self, started: Started, shared: &mut Shared) {
        let Started { file_key: key, upload_id } = started;
        self.note_start(&key, shared);
        let live = Live::sending(Remote { key, upload_id }, false);
        let is_found = self.is_small() && self.file.unique_name;
        if let Some(claim) = self.claim.as_mut().filter(|claim| is_found && claim.keeps) {
            claim.begun_at = Some(shared.now);
            return self.record_stored(live, false, shared);
        }
        match self.store(Checkpoint::Begun(live.remote.clone()), shared) {
            Some(op) => self.stage = Stage::Starting(Starting::StoringRecord(op, live)),
            None => self.record_stored(live, false, shared),
        }
    }

    /// The service has a file of this upload.
    pub(super) fn note_start(&mut self, key: &str, shared: &mut Shared) {
        shared.admission.started(self.id, key);
        self.name_there = self.file.unique_name.then(|| self.file.name.as_str().to_owned());
        if self.file.unique_name {
            shared.starts.note(self.file.name.as_str(), key);
        }
    }

    /// When the store is to learn the key of a small file that was begun.
    pub fn record_at(&self) -> Option<Instant> {
        let claim = self.claim.as_ref().filter(|claim| claim.locked && claim.keeps && !claim.recorded)?;
        let is_live = matches!(self.stage, Stage::Live(_)) && !self.parts.stores_still();
        claim.begun_at.filter(|_| is_live).map(|at| at.plus(RECORD_AFTER))
    }

    /// Stores the key of a small file that takes long, if it is time to.
    pub fn record_late(&mut self, shared: &mut Shared) {
        if self.record_at().is_some_and(|at| at <= shared.now) {
            self.record(shared);
        }
    }

    /// Stores the key of a small file that somebody is to go on with.
    pub(super) fn record(&mut self, shared: &mut Shared) {
        if self.record_at().is_some()
            && let Some(remote) = self.stage.remote().cloned()
            && let Some(op) = self.store(Checkpoint::Begun(remote), shared)
        {
            self.parts.stores(op);
        }
    }

    /// The store knows the key, or it failed.
    pub(super) fn record_stored(&mut self, live: Live, stored: bool, shared: &Shared) {
        if let Some(claim) = &mut self.claim {
            claim.recorded = stored;
        }
        self.stage = Stage::Live(live);
        self.check_parts(shared);
    }

    /// A file may be in the bucket that bears this name, and that nobody knows the key of.
    pub(super) fn seek(&mut self, name: String) {
        self.orphans_left = true;
        if !self.sought.contains(&name) {
            self.sought.push(name);
        }
    }

    /// A start of this upload may have been acted on unheard.
    pub(super) fn seek_own_name(&mut self) {
        if self.file.unique_name {
            self.seek(self.file.name.as_str().to_owned());
        }
    }

    /// The answer to a start was lost: what it may have made is sought first.
    pub(super) fn start_lost(&mut self, uncertain: Uncertain) {
        self.seek_own_name();
        let after = AfterOrphans::Again(uncertain);
        self.stage = Stage::Starting(Starting::Orphans(Orphans::of(self.sought.clone()), after));
    }

    /// No orphan is left that could be removed.
    pub(super) fn orphans_gone(&mut self, after: AfterOrphans, shared: &mut Shared) {
        match after {
            AfterOrphans::Begin => self.begin(shared),
            AfterOrphans::Again(uncertain) => match uncertain.again(shared) {
                Some(again) => self.stage = Stage::Starting(Starting::Posting(again)),
                None => self.finish(End::Failed(uncertain.failure), shared),
            },
        }
    }

    /// The service no longer has what was stored: starts over.
    pub(super) fn restart(&mut self, shared: &mut Shared) {
        self.cancel_requests(None, shared);
        self.cancel_storing(shared);
        if let Some(remote) = self.stage.remote() {
            shared.admission.removed(&remote.key);
        }
        if let Some(claim) = &mut self.claim {
            // What the version before stored may be another service's.
            (claim.recorded, claim.found_earlier) = (false, None);
        }
        self.begin(shared);
    }
}
