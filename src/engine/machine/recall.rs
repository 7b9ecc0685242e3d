//! Uploads that were begun before, or that another page sends.

use super::Engine;
use crate::engine::upload::{End, Identity, Phase};
use crate::engine::{Action, Kept, UploadId};

impl Engine {
    /// Nobody else sends this upload, and this is what an earlier page kept of it.
    pub(super) fn recalled(&mut self, id: UploadId, kept: Option<Kept>) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_some() || !matches!(upload.phase, Phase::Recalling | Phase::Following) {
            return;
        }
        // Begun here, and nothing is kept of it: the page it was left to has completed it, or has given it up.
        match kept.or_else(|| upload.left()) {
            Some(kept) => {
                self.admission.holds(&kept.key, upload.plan.size());
                upload.recall(kept);
                upload.enter(Phase::Verifying);
            }
            None => self.begin(id),
        }
    }

    pub(super) fn elsewhere(&mut self, id: UploadId, sent: u64, parts_done: u32) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_none() && matches!(upload.phase, Phase::Recalling | Phase::Following) {
            upload.phase = Phase::Following;
            upload.elsewhere(sent, parts_done, self.now);
        }
    }

    pub(super) fn done_elsewhere(&mut self, id: UploadId, key: String) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_none() && matches!(upload.phase, Phase::Recalling | Phase::Following) {
            self.admission.holds(&key, upload.plan.size());
            upload.identity = Some(Identity { key, upload_id: String::new() });
            self.finish(id, End::Done);
        }
    }

    /// Another page would send the upload.
    pub(super) fn wanted(&mut self, id: UploadId) {
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.wanted = upload.end.is_none();
        }
    }

    /// Lets another page send what this one cannot: it has no token, or the person paused it here.
    pub(super) fn step_aside(&mut self) {
        let without_token = self.token.renewing || self.token.ask_at.is_some();
        for id in &self.active {
            let Some(upload) = self.uploads.get_mut(id).filter(|upload| upload.wanted) else { continue };
            let begun =
                matches!(upload.phase, Phase::Verifying | Phase::Sending | Phase::Completing | Phase::Confirming(_));
            if (without_token || upload.paused) && begun && upload.end.is_none() && upload.is_idle() {
                upload.wanted = false;
                upload.enter(Phase::Following);
                self.outbox.push_back(Action::StepAside { upload: *id });
            }
        }
    }

    /// What this page left to another one, and could send again, it wants back.
    pub(super) fn want(&mut self) {
        if !std::mem::take(&mut self.may_want) {
            return;
        }
        let following = |id: &UploadId| {
            self.uploads
                .get(id)
                .is_some_and(|upload| upload.end.is_none() && !upload.paused && upload.phase == Phase::Following)
        };
        let wants: Vec<_> =
            self.active.iter().copied().filter(following).map(|upload| Action::Want { upload }).collect();
        self.outbox.extend(wants);
    }

    /// Announces the upload, if the rules let it in.
    pub(super) fn begin(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        match self.admission.admit(id, upload.plan.size(), self.now) {
            Ok(()) => upload.enter(Phase::Starting),
            Err(failure) => self.finish(id, End::Failed(failure)),
        }
    }

    /// The service no longer has what was stored before: begins anew.
    pub(super) fn begin_anew(&mut self, id: UploadId) {
        self.cancel_all(id);
        self.forget_stored(id);
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.begin_anew();
            self.begin(id);
        }
    }
}
