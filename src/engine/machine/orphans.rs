//! Files that a start left in the bucket although its answer was lost: nobody knows their upload IDs, so nothing can be
//! added to them. The bucket's list shows them by the name's envelope, which is like no other; they are removed.

use super::Engine;
use crate::engine::upload::{After, End, Phase};
use crate::engine::{RequestId, UploadId};

impl Engine {
    /// The bucket was listed: `keys` bear the upload's name.
    pub(super) fn found(&mut self, request: RequestId, keys: Vec<String>) {
        let Some(id) = self.control_answered(request) else { return };
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        let Phase::Seeking(after) = upload.phase.clone() else { return };
        let own = upload.identity.as_ref().map(|identity| identity.key.as_str());
        upload.orphans = keys.into_iter().filter(|key| Some(key.as_str()) != own).collect();
        upload.enter(Phase::Clearing(after));
        self.cleared(id);
    }

    /// Goes on once no orphan is left.
    pub(super) fn cleared(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if let Phase::Clearing(after) = upload.phase.clone()
            && upload.orphans.is_empty()
        {
            self.go_on(id, after);
        }
    }

    /// What comes when nothing, or nothing more, can be found out.
    pub(super) fn go_on(&mut self, id: UploadId, after: After) {
        match after {
            After::Start(doubt) => match self.config.backoff.delay(doubt.tries, &doubt.failure, &mut self.random) {
                Some(wait) => {
                    let Some(upload) = self.uploads.get_mut(&id) else { return };
                    upload.enter(Phase::Starting);
                    upload.again(&doubt, self.now.plus(wait));
                }
                None => self.finish(id, End::Failed(doubt.failure)),
            },
            After::Done => self.finish(id, End::Done),
            After::Settle => self.settle(id),
        }
    }
}
