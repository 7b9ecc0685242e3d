//! Pauses and ends.

use super::Engine;
use crate::engine::flight::Tries;
use crate::engine::upload::{After, End, Phase};
use crate::engine::{Action, UploadId};
use crate::protocol::Code;

impl Engine {
    pub(super) fn pause(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_some() || upload.paused {
            return;
        }
        upload.paused = true;
        self.queue_changed = true;
        // Following tabs pause too. A tab that asks from now on gets the upload.
        upload.wanted = false;
        // A part that is wholly on its way only waits for its answer: cancelling it would send it twice.
        let unsent: Vec<_> = upload
            .flights
            .iter()
            .filter(|(part, flight)| flight.moved < upload.plan.len(*part) || flight.moved == 0)
            .copied()
            .collect();
        for (part, flight) in unsent {
            upload.try_again(part, Tries { sent: flight.tries.sent - 1, due: self.now, ..flight.tries });
            if self.requests.remove(&flight.request).is_some() {
                self.parts_in_flight -= 1;
                self.outbox.push_back(Action::Cancel { request: flight.request });
            }
        }
    }

    pub(super) fn abort(&mut self, id: UploadId, keep: bool) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_some() {
            return;
        }
        upload.keep = keep;
        // The answer to a start is waited for: without the key nothing could be removed.
        let start = if upload.phase == Phase::Starting && !keep { upload.control_request.take() } else { None };
        self.cancel_all(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        upload.end = Some(End::Aborted);
        self.report_end(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        upload.enter(Phase::Removing);
        upload.control_request = start;
        // Without a token nothing can be removed either.
        if self.token.ask_at.is_some() {
            self.finish(id, End::Aborted);
        } else if start.is_none() && (keep || upload.identity.is_none()) {
            self.leave(id);
        }
    }

    pub(super) fn finish(&mut self, id: UploadId, end: End) {
        self.cancel_all(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_some() {
            return self.settle(id);
        }
        if end == End::Done {
            upload.count_all();
        }
        // What is stored of a file that changed is of no use to anybody.
        let useless = matches!(&end, End::Failed(failure) if failure.code == Code::FileChanged);
        upload.keep = match &end {
            End::Done => false,
            End::Failed(failure) => upload.identity.is_some() && !useless && failure.code != Code::NotFound,
            End::Aborted => upload.keep,
        };
        upload.end = Some(end);
        self.report_end(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if useless && upload.identity.is_some() {
            upload.enter(Phase::Removing);
        } else {
            self.settle(id);
        }
    }

    /// A removal is over: of an orphan, or of all there was of an aborted upload.
    pub(super) fn removal_ended(&mut self, id: UploadId, removed: bool) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if let Phase::Clearing(after) = upload.phase.clone() {
            upload.orphans.pop();
            upload.enter(Phase::Clearing(after));
            return self.cleared(id);
        }
        if removed {
            self.forget_stored(id);
        }
        self.leave(id);
    }

    /// Nothing is left to do for an upload that has ended, but for what a lost start may have left.
    pub(super) fn leave(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.lost_start && !upload.keep {
            upload.enter(Phase::Seeking(After::Settle));
        } else {
            self.settle(id);
        }
    }

    pub(super) fn settle(&mut self, id: UploadId) {
        self.queue.retain(|queued| *queued != id);
        self.active.retain(|active| *active != id);
        self.admission.dropped(id);
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.phase = Phase::Settled;
            self.outbox.push_back(Action::Settled { upload: id, keep: upload.keep });
        }
    }

    pub(super) fn forget_stored(&mut self, id: UploadId) {
        if let Some(identity) = self.uploads.get(&id).and_then(|upload| upload.identity.as_ref()) {
            self.admission.removed(&identity.key);
        }
    }

    pub(super) fn cancel_all(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        let flights = std::mem::take(&mut upload.flights);
        let control = upload.control_request.take();
        for request in flights.values().map(|flight| flight.request).chain(control) {
            if self.answered(request).is_some() {
                self.outbox.push_back(Action::Cancel { request });
            }
        }
    }
}
