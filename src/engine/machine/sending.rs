//! What is sent next, and for whom.

use super::Engine;
use crate::engine::availability::Class;
use crate::engine::operations::{Operation, Target};
use crate::engine::shared::Shared;
use crate::engine::upload::Upload;
use crate::engine::{CallId, Instant, UploadId};
use crate::protocol::Request;

/// Requests that a browser has in flight to one HTTP/1.1 origin: more would queue there, unseen.
const BROWSER_POOL: usize = 6;

impl Engine {
    /// Most requests in flight, parts and others: one or two more than parts, so that the next file is announced and
    /// the last one completed while parts still move.
    pub(super) fn most_requests(&self) -> usize {
        (self.shared.window.allowed() + 2).min(BROWSER_POOL)
    }

    /// Sends one thing more, if anything can be sent. Says whether to call it again.
    pub(super) fn send_next(&mut self) -> bool {
        let places = self.shared.operations.places(self.shared.now);
        if places >= self.most_requests() {
            return false;
        }
        let shared = &self.shared;
        // In an outage calls follow their own back-off: somebody waits who does not see why.
        let is_outage = shared.link.is_down() && !shared.link.is_offline();
        if is_outage && !shared.may_not_ask() && self.send_call() {
            return true;
        }
        if self.shared.is_blocked() {
            return false;
        }
        // Offline, and yet not blocked: one request finds out.
        if self.shared.link.is_down() && places > 0 {
            return false;
        }
        let may_send_rest = self.shared.may_send(Class::Rest);
        may_send_rest && self.send_step()
            || self.send_call()
            || may_send_rest && (self.send_rules() || self.start_next())
            || self.shared.may_send(Class::Parts) && self.send_part()
            || may_send_rest && self.remove_stray()
    }

    fn send_step(&mut self) -> bool {
        // Who is refused goes to the end of the line.
        let due = |id: &UploadId| {
            self.uploads.get(*id)?.step_due().map(|due| (due, *id)).filter(|(due, _)| *due <= self.shared.now)
        };
        let Some((_, id)) = self.active.iter().filter_map(due).min() else { return false };
        if let Some(upload) = self.uploads.get_mut(id).filter(|_| self.shared.has_token()) {
            upload.send_step(&mut self.shared);
        }
        !self.shared.outbox.is_empty()
    }

    fn send_call(&mut self) -> bool {
        let now = self.shared.now;
        let ready = self.calls.iter().find(|(_, call)| call.due().is_some_and(|due| due <= now));
        let Some(id) = ready.map(|(id, _)| *id) else { return false };
        if let Some(call) = self.calls.get_mut(&id).filter(|_| self.shared.has_token()) {
            call.send(&mut self.shared);
        }
        true
    }

    /// Begins the next queued upload, if those begun leave room: one announced ahead for each part in flight is enough,
    /// those apart whose announcement is slow. One that was begun before is resumed, another is announced.
    fn start_next(&mut self) -> bool {
        if self.rules.hold_uploads() {
            return false;
        }
        let now = self.shared.now;
        let operations = &self.shared.operations;
        let is_slow = |upload: &Upload| {
            upload.operation().and_then(|op| operations.get(op)).is_some_and(|operation| operation.is_slow(now))
        };
        let active = self.active.iter().filter_map(|id| self.uploads.get(*id));
        let ahead = active.filter(|upload| upload.is_ahead(now) && !is_slow(upload)).count();
        if ahead >= self.shared.window.allowed() {
            return false;
        }
        let is_runnable = |upload: &Upload| !upload.paused && !upload.has_ended();
        let runnable = self.queue.iter().position(|id| self.uploads.get(*id).is_none_or(is_runnable));
        let Some(place) = runnable else { return false };
        // To the front: `remove` would cost the shipped wasm more than the few that are paused ahead of it.
        for ahead in (0..place).rev() {
            self.queue.swap(ahead, ahead + 1);
        }
        let Some(id) = self.queue.pop_front() else { return false };
        self.active.push(id);
        if let Some(upload) = self.uploads.get_mut(id) {
            upload.leave_queue(&mut self.shared);
        }
        true
    }

    /// When a request that is on its way becomes so slow that another file goes beside it.
    pub(super) fn makes_room(&self) -> Option<Instant> {
        let now = self.shared.now;
        let waits = |upload: &Upload| upload.parts_in_flight() == 0 && upload.sendable(now).is_some();
        if self.queue.is_empty() && !self.active.iter().filter_map(|id| self.uploads.get(*id)).any(waits) {
            return None;
        }
        self.shared.operations.values().map(Operation::slow_at).filter(|at| *at > now).min()
    }

    /// Two answers: whether another part may be sent at all, and whether one may be sent for a file that has none in
    /// flight. Slow parts of one file do not hold other files back.
    pub(super) fn room(&self) -> (bool, bool) {
        let Shared { window, operations, now, .. } = &self.shared;
        let (parts, slow) = operations.parts(*now);
        let allowed = window.allowed();
        (parts < allowed, parts < window.most() && parts - slow < allowed)
    }

    /// Sends a part of the upload that has the fewest in flight and, of these, waited longest: a small file picked
    /// after a huge one gets the next free place.
    fn send_part(&mut self) -> bool {
        let (room, room_beside) = self.room();
        if !room && !room_beside {
            return false;
        }
        let now = self.shared.now;
        let candidate = |id: &UploadId| {
            let upload = self.uploads.get(*id)?;
            Some(((upload.parts_in_flight(), upload.served), *id, upload.sendable(now)?))
        };
        let Some(((others, _), id, part)) = self.active.iter().filter_map(candidate).min() else { return false };
        if !room && others > 0 {
            return false;
        }
        if !self.shared.has_token() {
            return true;
        }
        if self.shared.operations.parts(now).0 == 0 {
            self.shared.speed.begin(now);
            self.shared.window.begin(now);
        }
        self.shared.availability.sent(now);
        if let Some(upload) = self.uploads.get_mut(id) {
            upload.take_part(part, &mut self.shared);
        }
        true
    }

    /// Removes a file that a start made twice. What cannot be removed now is taken out of the next list.
    fn remove_stray(&mut self) -> bool {
        if self.strays.is_empty() {
            return false;
        }
        if self.shared.has_token()
            && let Some(stray) = self.strays.pop()
        {
            let op = self.shared.send(Target::Stray, Request::remove(&stray.key), 0);
            self.removing.insert(op, stray);
        }
        true
    }

    /// Calls that wait to be sent.
    pub(super) fn waiting_calls(&self) -> Vec<CallId> {
        self.calls.iter().filter(|(_, call)| call.wants_to_send()).map(|(id, _)| *id).collect()
    }
}
