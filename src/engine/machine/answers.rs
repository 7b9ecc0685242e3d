//! What follows from an answer.

use super::{Engine, Sent, Target};
use crate::engine::upload::{End, Identity, Phase};
use crate::engine::{RequestId, UploadId};

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
        let Some(Sent { target: Target::Control(id), .. }) = self.answered(request) else { return None };
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

    pub(super) fn confirmed(&mut self, request: RequestId, completed: bool) {
        let Some(id) = self.control_answered(request) else { return };
        if completed {
            return self.finish(id, End::Done);
        }
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if let Phase::Confirming { doubt, tries } = upload.phase.clone() {
            match self.config.backoff.delay(tries, &doubt, &mut self.random) {
                Some(wait) => {
                    upload.enter(Phase::Completing);
                    upload.control.sent = tries;
                    upload.control.due = self.now.plus(wait);
                }
                None => self.finish(id, End::Failed(doubt)),
            }
        }
    }
}
