//! What follows from an answer.

use super::{Engine, Sent, Target};
use crate::engine::upload::{After, End, Identity, Phase};
use crate::engine::{Action, RequestId, UploadId};

impl Engine {
    /// Takes the request out of flight; `None` where it was cancelled.
    pub(super) fn answered(&mut self, request: RequestId) -> Option<Sent> {
        let sent = self.requests.remove(&request)?;
        if matches!(sent.target, Target::Part(..)) {
            self.parts_in_flight -= 1;
        }
        Some(sent)
    }

    pub(super) fn control_answered(&mut self, request: RequestId) -> Option<UploadId> {
        let Some(Sent { target: Target::Control(id), at, .. }) = self.answered(request) else { return None };
        self.reached(at);
        self.uploads.get_mut(&id)?.control_request = None;
        Some(id)
    }

    pub(super) fn started(&mut self, request: RequestId, key: String, upload_id: String) {
        let Some(id) = self.control_answered(request) else { return };
        self.admission.started(id, &key);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        upload.identity = Some(Identity { key, upload_id });
        // An upload aborted meanwhile is removed now that its key is known.
        upload.enter(if upload.end.is_some() { Phase::Removing } else { Phase::Sending });
    }

    pub(super) fn part_stored(&mut self, request: RequestId, tag: String) {
        let Some(Sent { target: Target::Part(id, part), at, .. }) = self.answered(request) else { return };
        self.reached(at);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        upload.stored(part, tag, self.now);
        let bytes = upload.plan.len(part);
        self.speed.moved(bytes, self.now);
        self.window.stored(bytes, self.now);
        self.outbox.push_back(Action::Save { upload: id, part });
    }

    /// All parts are joined.
    pub(super) fn completed(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.lost_start {
            upload.enter(Phase::Seeking(After::Done));
        } else {
            self.finish(id, End::Done);
        }
    }

    pub(super) fn confirmed(&mut self, request: RequestId, completed: bool) {
        let Some(id) = self.control_answered(request) else { return };
        if completed {
            return self.completed(id);
        }
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        match upload.phase.clone() {
            Phase::Verifying => upload.enter(if upload.is_whole() { Phase::Completing } else { Phase::Sending }),
            Phase::Confirming(doubt) => {
                match self.config.backoff.delay(doubt.tries, &doubt.failure, &mut self.random) {
                    Some(wait) => {
                        upload.enter(Phase::Completing);
                        upload.again(&doubt, self.now.plus(wait));
                    }
                    None => self.finish(id, End::Failed(doubt.failure)),
                }
            }
            _ => {}
        }
    }
}
