//! What is sent next, and for whom.

use super::{BROWSER_POOL, Engine, RulesKnown, SLOW, Sent, Target};
use crate::engine::flight::Deadline;
use crate::engine::upload::{Phase, Upload};
use crate::engine::{Action, Instant, RequestId, UploadId};

impl Engine {
    pub(super) fn blocked(&self, now: Instant) -> bool {
        self.token.renewing || self.token.ask_at.is_some() || self.hold > now || self.link.waits_until() > now
    }

    /// Most requests in flight, parts and others: one or two more than parts, so that the next file is announced and
    /// the last one completed while parts still move.
    fn most_requests(&self) -> usize {
        (self.window.allowed() + 2).min(BROWSER_POOL)
    }

    /// Sends one thing more, if anything can be sent.
    pub(super) fn send_next(&mut self) -> bool {
        if self.blocked(self.now) || self.requests.len() >= self.most_requests() {
            return false;
        }
        // Offline, and yet not blocked: one request finds out.
        if self.link.is_down() && !self.requests.is_empty() {
            return false;
        }
        self.send_control() || self.send_rules() || self.start_next() || self.send_part()
    }

    fn send_control(&mut self) -> bool {
        let now = self.now;
        let ready = |id: &&UploadId| {
            self.uploads.get(id).is_some_and(|upload| upload.wants_control() && upload.control.due <= now)
        };
        let Some(id) = self.active.iter().find(ready).copied() else { return false };
        let request = self.new_request(Target::Control(id));
        let Some(upload) = self.uploads.get_mut(&id) else { return false };
        upload.control.sent += 1;
        upload.control_request = Some(request);
        upload.control_deadline = Deadline { at: now.plus(self.config.stall), put_off: false };
        let key = upload.identity.as_ref().map(|identity| identity.key.clone()).unwrap_or_default();
        self.outbox.push_back(match upload.phase {
            Phase::Starting => Action::Start { upload: id, request, parts: upload.plan.parts() },
            Phase::Completing => Action::Complete { upload: id, request, key, tags: upload.tags() },
            Phase::Removing => Action::Remove { upload: id, request, key },
            Phase::Seeking(_) => Action::Find { upload: id, request },
            Phase::Clearing(_) => {
                Action::Remove { upload: id, request, key: upload.orphans.last().cloned().unwrap_or_default() }
            }
            _ => Action::Confirm { upload: id, request, key },
        });
        true
    }

    fn send_rules(&mut self) -> bool {
        if self.rules != RulesKnown::No || self.queue.is_empty() || self.rules_tries.due > self.now {
            return false;
        }
        self.rules = RulesKnown::Asked;
        self.rules_tries.sent += 1;
        let request = self.new_request(Target::Rules);
        self.outbox.push_back(Action::FetchRules { request });
        true
    }

    /// Begins the next queued upload, if those begun leave room: one announced ahead for each part in flight is enough,
    /// those apart whose announcement is slow. One that was begun before goes on, another is announced.
    fn start_next(&mut self) -> bool {
        if self.rules != RulesKnown::Yes {
            return false;
        }
        let ahead = self.active.iter().filter_map(|id| self.uploads.get(id)).filter(|upload| {
            let is_slow = |sent: &Sent| sent.is_slow(self.now);
            !upload.paused
                && upload.flights.is_empty()
                && !upload.control_request.and_then(|request| self.requests.get(&request)).is_some_and(is_slow)
                && (matches!(upload.phase, Phase::Recalling | Phase::Verifying | Phase::Starting)
                    || upload.sendable(self.now).is_some())
        });
        if ahead.count() >= self.window.allowed() {
            return false;
        }
        let runnable = |id: &UploadId| self.uploads.get(id).is_some_and(|upload| !upload.paused);
        let Some(place) = self.queue.iter().position(runnable) else { return false };
        let Some(id) = self.queue.remove(place) else { return false };
        self.active.push(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return false };
        if self.config.recalls {
            upload.enter(Phase::Recalling);
            self.outbox.push_back(Action::Recall { upload: id });
        } else {
            self.begin(id);
        }
        true
    }

    /// When a request that is on its way becomes so slow that another file goes beside it.
    pub(super) fn makes_room(&self) -> Option<Instant> {
        let waits = |upload: &Upload| upload.flights.is_empty() && upload.sendable(self.now).is_some();
        if self.queue.is_empty() && !self.active.iter().filter_map(|id| self.uploads.get(id)).any(waits) {
            return None;
        }
        self.requests.values().map(|sent| sent.at.plus(SLOW)).filter(|at| *at > self.now).min()
    }

    /// Two answers: whether another part may be sent at all, and whether one may be sent for a file that has none in
    /// flight. Slow parts of one file do not hold other files back.
    fn room(&self) -> (bool, bool) {
        let is_slow = |sent: &&Sent| matches!(sent.target, Target::Part(..)) && sent.is_slow(self.now);
        let quick = self.parts_in_flight - self.requests.values().filter(is_slow).count().min(self.parts_in_flight);
        let allowed = self.window.allowed();
        (self.parts_in_flight < allowed, self.parts_in_flight < self.window.most() && quick < allowed)
    }

    /// Sends a part of the upload that has the fewest in flight and, of these, waited longest: a small file picked
    /// after a huge one gets the next free place.
    fn send_part(&mut self) -> bool {
        let (room, room_beside) = self.room();
        if !room && !room_beside {
            return false;
        }
        let fairest = self
            .active
            .iter()
            .filter_map(|id| {
                let upload = self.uploads.get(id)?;
                Some(((upload.flights.len(), upload.served), *id, upload.sendable(self.now)?))
            })
            .min();
        let Some(((others, _), id, part)) = fairest else { return false };
        if !room && others > 0 {
            return false;
        }
        let request = self.new_request(Target::Part(id, part));
        let (patience, watched) = self.patience(id, part);
        if self.parts_in_flight == 0 {
            self.speed.begin(self.now);
            self.window.begin(self.now);
        }
        let Some(upload) = self.uploads.get_mut(&id) else { return false };
        let Some(identity) = upload.identity.clone() else { return false };
        upload.send(part, request, self.now.plus(patience), self.now);
        upload.served = request.0;
        self.parts_in_flight += 1;
        self.outbox.push_back(Action::PutPart {
            upload: id,
            request,
            part,
            range: upload.plan.range(part),
            key: identity.key,
            upload_id: identity.upload_id,
            watched,
        });
        true
    }

    fn new_request(&mut self, target: Target) -> RequestId {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.requests.insert(id, Sent { target, epoch: self.token.epoch, at: self.now });
        id
    }
}
