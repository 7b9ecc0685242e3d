//! Pauses and ends.

use super::Engine;
use crate::engine::upload::{End, Phase, Tries};
use crate::engine::{Action, UploadId};

impl Engine {
    pub(super) fn pause(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_some() || upload.paused {
            return;
        }
        upload.paused = true;
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
        // The answer to a start is waited for: without the key nothing could be removed.
        let start = if upload.phase == Phase::Starting && !keep { upload.control_request.take() } else { None };
        self.cancel_all(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        upload.end = Some(End::Aborted);
        self.report_end(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if start.is_some() || (upload.identity.is_some() && !keep) {
            upload.enter(Phase::Removing);
            upload.control_request = start;
        } else {
            self.settle(id);
        }
    }

    pub(super) fn finish(&mut self, id: UploadId, end: End) {
        self.cancel_all(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_none() {
            upload.end = Some(end);
            self.report_end(id);
        }
        self.settle(id);
    }

    pub(super) fn settle(&mut self, id: UploadId) {
        self.queue.retain(|queued| *queued != id);
        self.active.retain(|active| *active != id);
        self.admission.dropped(id);
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.phase = Phase::Settled;
            self.outbox.push_back(Action::Settled { upload: id });
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
