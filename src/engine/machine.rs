//! The engine: the queue over all uploads of a bucket, and what follows from each event.

use super::admission::Admission;
use super::upload::{End, Phase, Tries, Upload};
use super::{Action, Backoff, Event, Instant, Plan, Progress, Random, RequestId, State, UploadId};
use crate::protocol::{Code, Failure, Rules};
use std::collections::{BTreeMap, VecDeque};

/// Shortest time between two reports of an upload's progress, in milliseconds: a screen shows no more.
const REPORT_EVERY: u64 = 50;
/// Tries a removal gets: the person has already moved on.
const REMOVAL_TRIES: u32 = 3;
/// Requests that a browser has in flight to one HTTP/1.1 origin: more would queue there, unseen.
const BROWSER_POOL: usize = 6;

/// What a bucket was opened with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bytes a part; `None` chooses by the file's size.
    pub part_size: Option<u64>,
    /// Most parts in flight over the whole bucket, 1 to 6.
    pub parallel: usize,
    /// When failed requests are sent again.
    pub backoff: Backoff,
    /// Whether the session's rules are asked for before the first upload.
    pub fetch_rules: bool,
}

/// Every upload of one bucket.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    random: Random,
    now: Instant,
    admission: Admission,
    rules: RulesKnown,
    /// The newest token was refused to the request for the rules.
    rules_refused: bool,
    token: Token,
    /// The service asked every request to wait until then.
    hold: Instant,
    uploads: BTreeMap<UploadId, Upload>,
    queue: VecDeque<UploadId>,
    /// Begun and not settled.
    active: Vec<UploadId>,
    requests: BTreeMap<RequestId, Sent>,
    parts_in_flight: usize,
    outbox: VecDeque<Action>,
    last_upload: u32,
    last_request: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum RulesKnown {
    No,
    Asked,
    Yes,
}

#[derive(Clone, Copy, Debug, Default)]
struct Token {
    /// How often it was renewed.
    epoch: u64,
    renewing: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    target: Target,
    epoch: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Rules,
    Control(UploadId),
    Part(UploadId, u32),
}

impl Engine {
    /// An engine without uploads. `seed` is all its randomness.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let rules = if config.fetch_rules { RulesKnown::No } else { RulesKnown::Yes };
        Self {
            config,
            random: Random::new(seed),
            now: Instant::default(),
            admission: Admission::default(),
            rules,
            rules_refused: false,
            token: Token::default(),
            hold: Instant::default(),
            uploads: BTreeMap::new(),
            queue: VecDeque::new(),
            active: Vec::new(),
            requests: BTreeMap::new(),
            parts_in_flight: 0,
            outbox: VecDeque::new(),
            last_upload: 0,
            last_request: 0,
        }
    }

    /// Queues a file of `size` bytes.
    pub fn pick(&mut self, size: u64) -> UploadId {
        self.last_upload += 1;
        let id = UploadId(self.last_upload);
        self.uploads.insert(id, Upload::new(Plan::new(size, self.config.part_size)));
        self.queue.push_back(id);
        id
    }

    /// The session's rules are known, and when it ends; nothing need be asked any more.
    pub fn set_rules(&mut self, rules: Rules, ends_at: Option<Instant>) {
        self.admission.set_rules(rules, ends_at);
        self.rules = RulesKnown::Yes;
    }

    /// The bucket was listed: keys and sizes of what it holds.
    pub fn listed(&mut self, files: impl IntoIterator<Item = (String, u64)>) {
        self.admission.listed(files);
        for upload in self.active.iter().filter_map(|id| self.uploads.get(id)) {
            if let Some(identity) = &upload.identity {
                self.admission.holds(&identity.key, upload.plan.size());
            }
        }
    }

    /// A file was removed from the bucket.
    pub fn removed(&mut self, key: &str) {
        self.admission.removed(key);
    }

    /// What the person sees of an upload; `None` once it is forgotten.
    #[must_use]
    pub fn state(&self, upload: UploadId) -> Option<State> {
        self.uploads.get(&upload).map(|upload| upload.state(self.now, self.blocked(self.now)))
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self, upload: UploadId, now: Instant) -> Option<Progress> {
        self.uploads.get(&upload).map(|upload| upload.progress(now))
    }

    /// Its plan.
    #[must_use]
    pub fn plan(&self, upload: UploadId) -> Option<Plan> {
        self.uploads.get(&upload).map(|upload| upload.plan)
    }

    /// Its file's key, once it has started.
    #[must_use]
    pub fn key(&self, upload: UploadId) -> Option<&str> {
        self.uploads.get(&upload)?.identity.as_ref().map(|identity| identity.key.as_str())
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn failure(&self, upload: UploadId) -> Option<&Failure> {
        match &self.uploads.get(&upload)?.end {
            Some(End::Failed(failure)) => Some(failure),
            _ => None,
        }
    }

    /// Forgets a settled upload.
    pub fn forget(&mut self, upload: UploadId) {
        if self.uploads.get(&upload).is_some_and(|upload| upload.phase == Phase::Settled) {
            self.uploads.remove(&upload);
        }
    }

    /// When to call [`Engine::poll`] next if nothing happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        let active = || self.active.iter().filter_map(|id| self.uploads.get(id));
        let moved = |upload: &&Upload| upload.moved_since_shown && upload.end.is_none();
        let report = active().filter(moved).map(|upload| upload.shown_at.plus(REPORT_EVERY)).min();
        let send = if self.token.renewing {
            None
        } else {
            let queued = (!self.queue.is_empty()).then_some(Instant::default());
            active()
                .filter_map(Upload::due)
                .chain(queued)
                .map(|due| due.max(self.hold))
                .filter(|due| *due > self.now)
                .min()
        };
        report.into_iter().chain(send).min()
    }

    /// The next thing to do at `now`; call until `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        self.now = self.now.max(now);
        while self.outbox.is_empty() && self.send_next() {}
        if self.outbox.is_empty() {
            self.report();
        }
        self.outbox.pop_front()
    }

    /// Something happened at `now`.
    pub fn handle(&mut self, event: Event, now: Instant) {
        self.now = self.now.max(now);
        match event {
            Event::PartMoved { request, bytes } => {
                if let Some(Sent { target: Target::Part(id, part), .. }) = self.requests.get(&request)
                    && let Some(upload) = self.uploads.get_mut(id)
                {
                    upload.moved(*part, bytes, self.now);
                }
            }
            Event::RulesKnown { request, rules, expires_in } => {
                if self.answered(request).is_some() {
                    self.set_rules(rules, expires_in.map(|millis| self.now.plus(millis)));
                }
            }
            Event::Started { request, key, upload_id } => self.started(request, key, upload_id),
            Event::PartStored { request, tag } => {
                if let Some(Sent { target: Target::Part(id, part), .. }) = self.answered(request)
                    && let Some(upload) = self.uploads.get_mut(&id)
                {
                    upload.stored(part, tag, self.now);
                    self.outbox.push_back(Action::Save { upload: id, part });
                }
            }
            Event::Saved { upload: id, part } => {
                if let Some(upload) = self.uploads.get_mut(&id)
                    && upload.saved(part)
                {
                    upload.enter(Phase::Completing);
                }
            }
            Event::Completed { request } => {
                if let Some(id) = self.control_answered(request) {
                    self.finish(id, End::Done);
                }
            }
            Event::Confirmed { request, completed } => self.confirmed(request, completed),
            Event::Removed { request } => {
                if let Some(id) = self.control_answered(request) {
                    self.forget_stored(id);
                    self.settle(id);
                }
            }
            Event::Failed { request, failure } => self.failed(request, failure),
            Event::TokenRenewed => {
                self.token.renewing = false;
                self.token.epoch += 1;
            }
            Event::TokenRefused(failure) => self.token_refused(&failure),
            Event::Pause(id) => self.pause(id),
            Event::Resume(id) => {
                if let Some(upload) = self.uploads.get_mut(&id) {
                    upload.paused = false;
                }
            }
            Event::Abort { upload, keep } => self.abort(upload, keep),
        }
    }

    // --- sending ---

    fn blocked(&self, now: Instant) -> bool {
        self.token.renewing || self.hold > now
    }

    /// Most requests in flight, parts and others: one or two more than parts, so that the next file is announced and
    /// the last one completed while parts still move.
    fn most_requests(&self) -> usize {
        (self.config.parallel + 2).min(BROWSER_POOL).max(self.config.parallel)
    }

    /// Sends one thing more, if anything can be sent.
    fn send_next(&mut self) -> bool {
        if self.blocked(self.now) || self.requests.len() >= self.most_requests() {
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
        let key = upload.identity.as_ref().map(|identity| identity.key.clone()).unwrap_or_default();
        self.outbox.push_back(match upload.phase {
            Phase::Starting => Action::Start { upload: id, request, parts: upload.plan.parts() },
            Phase::Completing => Action::Complete { upload: id, request, key, tags: upload.tags() },
            Phase::Removing => Action::Remove { upload: id, request, key },
            _ => Action::Confirm { upload: id, request, key },
        });
        true
    }

    fn send_rules(&mut self) -> bool {
        if self.rules != RulesKnown::No || self.queue.is_empty() {
            return false;
        }
        self.rules = RulesKnown::Asked;
        let request = self.new_request(Target::Rules);
        self.outbox.push_back(Action::FetchRules { request });
        true
    }

    /// Begins the next queued upload, if those begun leave room: one announced ahead for each part in flight is enough.
    fn start_next(&mut self) -> bool {
        if self.rules != RulesKnown::Yes {
            return false;
        }
        let ahead = self.active.iter().filter_map(|id| self.uploads.get(id)).filter(|upload| {
            !upload.paused
                && upload.flights.is_empty()
                && (upload.phase == Phase::Starting || upload.sendable(self.now).is_some())
        });
        if ahead.count() >= self.config.parallel {
            return false;
        }
        let runnable = |id: &UploadId| self.uploads.get(id).is_some_and(|upload| !upload.paused);
        let Some(place) = self.queue.iter().position(runnable) else { return false };
        let Some(id) = self.queue.remove(place) else { return false };
        self.active.push(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return false };
        upload.enter(Phase::Starting);
        if let Err(failure) = self.admission.admit(id, upload.plan.size(), self.now) {
            self.finish(id, End::Failed(failure));
        }
        true
    }

    /// Sends a part of the upload that has the fewest in flight and, of these, waited longest: a small file picked
    /// after a huge one gets the next free place.
    fn send_part(&mut self) -> bool {
        if self.parts_in_flight >= self.config.parallel {
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
        let Some((_, id, part)) = fairest else { return false };
        let request = self.new_request(Target::Part(id, part));
        let Some(upload) = self.uploads.get_mut(&id) else { return false };
        let Some(identity) = upload.identity.clone() else { return false };
        upload.send(part, request, self.now);
        upload.served = request.0;
        self.parts_in_flight += 1;
        self.outbox.push_back(Action::PutPart {
            upload: id,
            request,
            part,
            range: upload.plan.range(part),
            key: identity.key,
            upload_id: identity.upload_id,
        });
        true
    }

    fn new_request(&mut self, target: Target) -> RequestId {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.requests.insert(id, Sent { target, epoch: self.token.epoch });
        id
    }

    // --- answers ---

    /// Takes the request out of flight; `None` where it was cancelled.
    fn answered(&mut self, request: RequestId) -> Option<Sent> {
        let sent = self.requests.remove(&request)?;
        if matches!(sent.target, Target::Part(..)) {
            self.parts_in_flight -= 1;
        }
        Some(sent)
    }

    fn control_answered(&mut self, request: RequestId) -> Option<UploadId> {
        let Some(Sent { target: Target::Control(id), .. }) = self.answered(request) else { return None };
        self.uploads.get_mut(&id)?.control_request = None;
        Some(id)
    }

    fn started(&mut self, request: RequestId, key: String, upload_id: String) {
        let Some(id) = self.control_answered(request) else { return };
        self.admission.started(id, &key);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        upload.identity = Some(super::upload::Identity { key, upload_id });
        // An upload aborted meanwhile is removed now that its key is known.
        upload.enter(if upload.end.is_some() { Phase::Removing } else { Phase::Sending });
    }

    fn confirmed(&mut self, request: RequestId, completed: bool) {
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

    // --- failures ---

    fn failed(&mut self, request: RequestId, failure: Failure) {
        let Some(sent) = self.answered(request) else { return };
        if failure.is_throttling()
            && let Some(wait) = failure.retry_after
        {
            self.hold = self.hold.max(self.now.plus(wait.min(Backoff::LONGEST_ASKED)));
        }
        match sent.target {
            Target::Rules => self.rules_failed(failure, sent.epoch),
            Target::Part(id, part) => self.part_failed(id, part, failure, sent.epoch),
            Target::Control(id) => self.control_failed(id, failure, sent.epoch),
        }
    }

    /// A service without session rules is no error; a token that nobody can renew is one for all that waits.
    fn rules_failed(&mut self, failure: Failure, epoch: u64) {
        self.rules = RulesKnown::No;
        let tries = Tries { sent: 1, refused: std::mem::take(&mut self.rules_refused), ..Tries::default() };
        if failure.status == Some(401)
            && let Some(tries) = self.next_try(tries, &failure, epoch)
        {
            self.rules_refused = tries.refused;
        } else if matches!(failure.code, Code::Unauthorized | Code::InvalidOption) {
            self.fail_queue(&failure);
        } else {
            self.rules = RulesKnown::Yes;
        }
    }

    fn fail_queue(&mut self, failure: &Failure) {
        for id in std::mem::take(&mut self.queue) {
            self.finish(id, End::Failed(failure.clone()));
        }
    }

    fn part_failed(&mut self, id: UploadId, part: u32, failure: Failure, epoch: u64) {
        let Some(upload) = self.uploads.get(&id) else { return };
        let Some(flight) = upload.flights.get(&part) else { return };
        match self.next_try(flight.tries, &failure, epoch) {
            Some(tries) => {
                if let Some(upload) = self.uploads.get_mut(&id) {
                    upload.try_again(part, tries);
                }
            }
            None => self.finish(id, End::Failed(failure)),
        }
    }

    fn control_failed(&mut self, id: UploadId, failure: Failure, epoch: u64) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        upload.control_request = None;
        let (tries, phase, aborted) = (upload.control, upload.phase.clone(), upload.end.is_some());
        let doubtful = failure.is_ambiguous() || (tries.sent > 1 && matches!(failure.status, Some(404 | 409)));
        match phase {
            Phase::Removing if upload.identity.is_none() || failure.code == Code::NotFound => {
                self.forget_stored(id);
                self.settle(id);
            }
            Phase::Removing if tries.sent >= REMOVAL_TRIES => self.settle(id),
            Phase::Completing if doubtful => upload.enter(Phase::Confirming { doubt: failure, tries: tries.sent }),
            _ => match self.next_try(tries, &failure, epoch) {
                Some(tries) => {
                    if let Some(upload) = self.uploads.get_mut(&id) {
                        upload.control = tries;
                    }
                }
                None if aborted => self.settle(id),
                None => self.finish(id, End::Failed(failure)),
            },
        }
    }

    /// How a failed request is tried again; `None` when it is not. A 401 costs no try: the token is renewed once, and
    /// only a request refused under two tokens is given up.
    fn next_try(&mut self, mut tries: Tries, failure: &Failure, epoch: u64) -> Option<Tries> {
        if failure.code == Code::Unauthorized && failure.status.is_some() {
            let stale = epoch < self.token.epoch;
            if tries.refused && !stale {
                return None;
            }
            tries.sent -= 1;
            tries.due = self.now;
            if !stale {
                tries.refused = true;
                if !self.token.renewing {
                    self.token.renewing = true;
                    self.outbox.push_back(Action::RenewToken);
                }
            }
            return Some(tries);
        }
        tries.refused = false;
        let wait = self.config.backoff.delay(tries.sent, failure, &mut self.random)?;
        tries.due = self.now.plus(wait);
        Some(tries)
    }

    /// Everything begun needs a token, so everything begun ends; what is stored stays stored.
    fn token_refused(&mut self, failure: &Failure) {
        self.token.renewing = false;
        let failure = if self.admission.has_ended(self.now) {
            Failure { code: Code::SessionExpired, message: "The session has ended.".to_owned(), ..failure.clone() }
        } else {
            failure.clone()
        };
        if std::mem::take(&mut self.rules_refused) {
            self.fail_queue(&failure);
        }
        for id in self.active.clone() {
            self.finish(id, End::Failed(failure.clone()));
        }
    }

    // --- the person ---

    fn pause(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_some() || upload.paused {
            return;
        }
        upload.paused = true;
        // A part that is wholly on its way only waits for its answer: cancelling it would send it twice.
        let unsent: Vec<_> = upload
            .flights
            .iter()
            .filter(|(part, flight)| flight.moved < upload.plan.len(**part) || flight.moved == 0)
            .map(|(part, flight)| (*part, *flight))
            .collect();
        for (part, flight) in unsent {
            upload.try_again(part, Tries { sent: flight.tries.sent - 1, due: self.now, ..flight.tries });
            if self.requests.remove(&flight.request).is_some() {
                self.parts_in_flight -= 1;
                self.outbox.push_back(Action::Cancel { request: flight.request });
            }
        }
    }

    fn abort(&mut self, id: UploadId, keep: bool) {
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

    // --- ends ---

    fn finish(&mut self, id: UploadId, end: End) {
        self.cancel_all(id);
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        if upload.end.is_none() {
            upload.end = Some(end);
            self.report_end(id);
        }
        self.settle(id);
    }

    fn settle(&mut self, id: UploadId) {
        self.queue.retain(|queued| *queued != id);
        self.active.retain(|active| *active != id);
        self.admission.dropped(id);
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.phase = Phase::Settled;
            self.outbox.push_back(Action::Settled { upload: id });
        }
    }

    fn forget_stored(&mut self, id: UploadId) {
        if let Some(identity) = self.uploads.get(&id).and_then(|upload| upload.identity.as_ref()) {
            self.admission.removed(&identity.key);
        }
    }

    fn cancel_all(&mut self, id: UploadId) {
        let Some(upload) = self.uploads.get_mut(&id) else { return };
        let flights = std::mem::take(&mut upload.flights);
        let control = upload.control_request.take();
        for request in flights.values().map(|flight| flight.request).chain(control) {
            if self.answered(request).is_some() {
                self.outbox.push_back(Action::Cancel { request });
            }
        }
    }

    // --- showing ---

    /// Reports the end, in place of any report that nobody fetched yet: an end is shown once.
    fn report_end(&mut self, id: UploadId) {
        let report = Action::Report { upload: id };
        self.outbox.retain(|action| *action != report);
        self.outbox.push_back(report);
    }

    fn report(&mut self) {
        let blocked = self.blocked(self.now);
        for id in &self.active {
            let Some(upload) = self.uploads.get_mut(id).filter(|upload| upload.end.is_none()) else { continue };
            let state = upload.state(self.now, blocked);
            let moved = upload.moved_since_shown && self.now.since(upload.shown_at) >= REPORT_EVERY;
            if state != upload.shown || moved {
                upload.shown = state;
                upload.shown_at = self.now;
                upload.moved_since_shown = false;
                self.outbox.push_back(Action::Report { upload: *id });
            }
        }
    }
}
