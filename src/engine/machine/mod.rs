//! The engine: the queue over all uploads of a bucket, and what follows from each event.

mod answers;
mod ends;
mod failures;
mod link;
mod orphans;
mod recall;
mod sending;
mod stalls;

use super::admission::Admission;
use super::few::Few;
use super::flight::Tries;
use super::progress::Speed;
use super::upload::{End, Phase, Upload};
use super::window::Window;
use super::{Action, Backoff, Event, Instant, Picked, Plan, Progress, Random, RequestId, State, UploadId};
use crate::protocol::{Failure, Rules};
use link::Link;
use std::collections::{BTreeMap, VecDeque};

/// Shortest time between two reports of an upload's progress, in milliseconds: a screen shows no more.
const REPORT_EVERY: u64 = 50;
/// Tries a removal gets: the person has already moved on.
const REMOVAL_TRIES: u32 = 3;
/// Tries the request for the rules gets: uploads wait for it, and a service need not have it.
const RULES_TRIES: u32 = 3;
/// A request that was not answered for so long, in milliseconds, holds no other file back.
const SLOW: u64 = 1000;
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
    /// A request that moves no byte for so many milliseconds is given up.
    pub stall: u64,
    /// Whether the driver can hear how far a part is, if asked to.
    pub hears: bool,
    /// Whether uploads may have been begun before, by an earlier page or another one.
    pub recalls: bool,
    /// Whether the session's rules are asked for before the first upload.
    pub fetch_rules: bool,
}

/// Every upload of one bucket.
///
/// # Methods, by class
///
/// - Input, at any time, also between two polls: [`pick`](Self::pick), [`handle`](Self::handle).
/// - Facts that count against the session's rules, at any time: [`set_rules`](Self::set_rules),
///   [`listed`](Self::listed), [`holds`](Self::holds), [`removed`](Self::removed).
/// - Output, after every input and at the time asked for: [`poll`](Self::poll), then [`wake_at`](Self::wake_at).
/// - Reading, at any time; it changes nothing: [`state`](Self::state), [`progress`](Self::progress),
///   [`plan`](Self::plan), [`key`](Self::key), [`tag`](Self::tag), [`failure`](Self::failure),
///   [`size_of`](Self::size_of), [`parts_allowed`](Self::parts_allowed), [`is_offline`](Self::is_offline).
/// - The end of one upload, after its [`Action::Settled`]: [`forget`](Self::forget).
///
/// # The loop
///
/// 1. Give the engine an input, or wait until [`wake_at`](Self::wake_at).
/// 2. Call [`poll`](Self::poll) until it returns `None`. Start each action in the order given, and wait for none of
///    them.
/// 3. Ask [`wake_at`](Self::wake_at), which holds until the next input, and set one timer for it. Without a time, only
///    an input changes anything.
///
/// Inputs may come in the middle of step 2, as when a callback of [`Action::Report`] pauses an upload. An action that
/// was decided before is still returned, and an [`Action::Cancel`] follows if it is no longer wanted; poll on until
/// `None`.
///
/// `now` comes from one clock; an earlier time than the last counts as the last. A wake-up half a second late is taken
/// for a machine that slept, and every request gets one more chance.
///
/// # What each action is answered with
///
/// - A request (it has a [`RequestId`]): its own event or [`Event::Failed`], once; for a part, any number of
///   [`Event::PartMoved`] before. The engine gives up a request of an upload that stalls; [`Action::FetchRules`] is the
///   driver's to give up.
/// - [`Action::Save`]: [`Event::Saved`], whenever that is.
/// - [`Action::Recall`], [`Action::StepAside`]: any number of [`Event::Elsewhere`], then [`Event::Recalled`] or
///   [`Event::DoneElsewhere`].
/// - [`Action::RenewToken`]: [`Event::TokenRenewed`] or [`Event::TokenRefused`].
/// - [`Action::Cancel`], [`Action::Want`], [`Action::Report`], [`Action::Settled`]: nothing. A late answer to a
///   cancelled request is ignored.
///
/// # Example
///
/// A driver of a service that answers everything after 20 ms, in virtual time.
///
/// ```
/// use partway::engine::{Action, Backoff, Config, Engine, Event, Instant, LEAST_PART, Picked, State};
/// use partway::protocol::Rules;
/// use std::collections::VecDeque;
///
/// let (part_size, backoff) = (Some(LEAST_PART), Backoff::default());
/// let config =
///     Config { part_size, parallel: 4, backoff, stall: 30_000, hears: false, recalls: true, fetch_rules: true };
/// let mut engine = Engine::new(config, 42);
/// let file = engine.pick(Picked { size: LEAST_PART + 1, findable: true, heard: false });
///
/// let (mut now, mut shown) = (Instant(0), Vec::new());
/// let mut answers = VecDeque::new(); // and when each comes
/// loop {
///     while let Some(action) = engine.poll(now) {
///         let answer = match action {
///             Action::FetchRules { request } => {
///                 Event::RulesKnown { request, rules: Rules::default(), expires_in: None }
///             }
///             Action::Recall { upload } => Event::Recalled { upload, kept: None },
///             Action::Start { request, parts, .. } => {
///                 assert_eq!(parts, 2);
///                 Event::Started { request, key: "key".into(), upload_id: "upload".into() }
///             }
///             Action::PutPart { request, part, .. } => Event::PartStored { request, tag: format!("tag {part}") },
///             Action::Save { upload, part } => Event::Saved { upload, part },
///             Action::Complete { request, tags, .. } => {
///                 assert_eq!(tags, ["tag 1", "tag 2"]);
///                 Event::Completed { request }
///             }
///             Action::Report { upload } => {
///                 shown.extend(engine.state(upload));
///                 continue;
///             }
///             Action::Settled { upload, .. } => {
///                 engine.forget(upload);
///                 continue;
///             }
///             other => panic!("nothing fails here, so nothing asks for {other:?}"),
///         };
///         answers.push_back((now.plus(20), answer));
///     }
///     let answered_at = answers.front().map(|(at, _)| *at);
///     let Some(next) = answered_at.into_iter().chain(engine.wake_at()).min() else { break };
///     now = next;
///     while answers.front().is_some_and(|(at, _)| *at <= now) {
///         engine.handle(answers.pop_front().unwrap().1, now);
///     }
/// }
/// assert_eq!(shown.last(), Some(&State::Done));
/// assert_eq!(engine.state(file), None); // forgotten
/// ```
#[derive(Debug)]
pub struct Engine {
    config: Config,
    random: Random,
    now: Instant,
    /// When it was to be woken, as it said last.
    wakes: Option<Instant>,
    admission: Admission,
    rules: RulesKnown,
    /// The tries of the request for them.
    rules_tries: Tries,
    token: Token,
    link: Link,
    window: Window,
    /// Throughput of the whole bucket.
    speed: Speed,
    /// The service asked every request to wait until then.
    hold: Instant,
    uploads: BTreeMap<UploadId, Upload>,
    queue: VecDeque<UploadId>,
    /// What is queued may have another state than was shown. It is not looked through for nothing: it may be long.
    queue_changed: bool,
    /// This page may again be able to send what it left to another one.
    may_want: bool,
    /// Begun and not settled.
    active: Vec<UploadId>,
    requests: Few<RequestId, Sent>,
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
    /// How often in a row no other could be had.
    refused: u32,
    /// When it is asked for again, if none could be had.
    ask_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    target: Target,
    epoch: u64,
    at: Instant,
}

impl Sent {
    fn is_slow(&self, now: Instant) -> bool {
        now.since(self.at) >= SLOW
    }
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
            window: Window::new(config.parallel),
            config,
            random: Random::new(seed),
            now: Instant::default(),
            wakes: None,
            admission: Admission::default(),
            rules,
            rules_tries: Tries::default(),
            token: Token::default(),
            link: Link::default(),
            speed: Speed::default(),
            hold: Instant::default(),
            uploads: BTreeMap::new(),
            queue: VecDeque::new(),
            queue_changed: false,
            may_want: false,
            active: Vec::new(),
            requests: Few::default(),
            parts_in_flight: 0,
            outbox: VecDeque::new(),
            last_upload: 0,
            last_request: 0,
        }
    }

    /// Queues a file.
    pub fn pick(&mut self, picked: Picked) -> UploadId {
        self.last_upload += 1;
        let id = UploadId(self.last_upload);
        self.uploads.insert(id, Upload::new(picked, Plan::new(picked.size, self.config.part_size)));
        self.queue.push_back(id);
        self.queue_changed |= self.link.is_down();
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

    /// The size of a file, where an earlier answer told it.
    #[must_use]
    pub fn size_of(&self, key: &str) -> Option<u64> {
        self.admission.size_of(key)
    }

    /// The bucket holds this file, as `GET /buckets/file/{key}` told.
    pub fn holds(&mut self, key: &str, size: u64) {
        self.admission.holds(key, size);
    }

    /// A file was removed from the bucket.
    pub fn removed(&mut self, key: &str) {
        self.admission.removed(key);
    }

    /// What the person sees of an upload; `None` once it is forgotten.
    #[must_use]
    pub fn state(&self, upload: UploadId) -> Option<State> {
        self.uploads.get(&upload).map(|upload| upload.state(self.now, self.blocked(self.now), self.link.is_down()))
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

    /// The tag of a part that is stored.
    #[must_use]
    pub fn tag(&self, upload: UploadId, part: u32) -> Option<&str> {
        self.uploads.get(&upload)?.tag(part).map(String::as_str)
    }

    /// How many parts may be in flight now.
    #[must_use]
    pub fn parts_allowed(&self) -> usize {
        self.window.allowed()
    }

    /// Whether there is no network, or no service, as far as is known.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.link.is_down()
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
        let stands = active().filter(|upload| upload.shown_moving && upload.end.is_none());
        let stands = stands.map(|upload| upload.speed.stands_at().max(upload.shown_at.plus(REPORT_EVERY)));
        let stands = stands.filter(|at| *at > self.now).min();
        let send = if self.token.renewing {
            None
        } else if self.token.ask_at.is_some() {
            // What is begun ends with the session; until then only the token is asked for.
            self.token.ask_at.into_iter().chain(self.admission.ends_at()).filter(|at| *at > self.now).min()
        } else {
            let begins = if self.rules == RulesKnown::No { self.rules_tries.due } else { Instant::default() };
            let queued = (!self.queue.is_empty()).then_some(begins);
            let held = self.hold.max(self.link.waits_until());
            active()
                .filter_map(Upload::due)
                .chain(queued)
                .chain(self.makes_room())
                .map(|due| due.max(held))
                .filter(|due| *due > self.now)
                .min()
        };
        let deadline = active().filter_map(Upload::deadline).min();
        report.into_iter().chain(stands).chain(send).chain(deadline).min()
    }

    /// The next thing to do at `now`; call until `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        self.advance(now);
        if self.outbox.is_empty() {
            self.give_up_stalled();
            self.ask_for_token();
            self.want();
            self.step_aside();
        }
        while self.outbox.is_empty() && self.send_next() {}
        if self.outbox.is_empty() {
            self.report();
        }
        let action = self.outbox.pop_front();
        if action.is_none() {
            self.wakes = self.wake_at();
        }
        if let Some(Action::Report { upload }) = action {
            // What is shown is how it is now: the person may have done something since this was decided.
            let (blocked, offline) = (self.blocked(self.now), self.link.is_down());
            if let Some(upload) = self.uploads.get_mut(&upload) {
                upload.shown = upload.state(self.now, blocked, offline);
            }
        }
        action
    }

    /// Something happened at `now`.
    pub fn handle(&mut self, event: Event, now: Instant) {
        self.advance(now);
        match event {
            Event::PartMoved { request, bytes } => {
                if let Some(Sent { target: Target::Part(id, part), .. }) = self.requests.get(&request)
                    && let Some(upload) = self.uploads.get_mut(id)
                {
                    upload.moved(*part, bytes, self.config.stall, self.now);
                }
            }
            Event::RulesKnown { request, rules, expires_in } => {
                if let Some(sent) = self.answered(request) {
                    self.reached(sent.at);
                    self.set_rules(rules, expires_in.map(|millis| self.now.plus(millis)));
                }
            }
            Event::Started { request, key, upload_id } => self.started(request, key, upload_id),
            Event::PartStored { request, tag } => self.part_stored(request, tag),
            Event::Saved { upload: id, part } => {
                if let Some(upload) = self.uploads.get_mut(&id)
                    && upload.saved(part)
                {
                    upload.enter(Phase::Completing);
                }
            }
            Event::Completed { request } => {
                if let Some(id) = self.control_answered(request) {
                    self.completed(id);
                }
            }
            Event::Recalled { upload, kept } => self.recalled(upload, kept),
            Event::Elsewhere { upload, sent, parts_done } => self.elsewhere(upload, sent, parts_done),
            Event::DoneElsewhere { upload, key } => self.done_elsewhere(upload, key),
            Event::Wanted { upload } => self.wanted(upload),
            Event::Found { request, keys } => self.found(request, keys),
            Event::Offline => self.disconnected(),
            Event::Online => self.reconnected(),
            Event::Confirmed { request, completed } => self.confirmed(request, completed),
            Event::Removed { request } => {
                if let Some(id) = self.control_answered(request) {
                    self.removal_ended(id, true);
                }
            }
            Event::Failed { request, failure } => self.failed(request, failure),
            Event::TokenRenewed => {
                self.token = Token { epoch: self.token.epoch + 1, ..Token::default() };
                self.may_want = true;
            }
            Event::TokenRefused(failure) => self.token_refused(&failure),
            Event::Pause(id) => self.pause(id),
            Event::Resume(id) => {
                if let Some(upload) = self.uploads.get_mut(&id)
                    && std::mem::take(&mut upload.paused)
                {
                    self.queue_changed = true;
                    self.may_want = true;
                }
            }
            Event::Abort { upload, keep } => self.abort(upload, keep),
        }
    }

    /// Reports the end, in place of any report that nobody fetched yet: an end is shown once.
    fn report_end(&mut self, id: UploadId) {
        let report = Action::Report { upload: id };
        self.outbox.retain(|action| *action != report);
        self.outbox.push_back(report);
    }

    fn report(&mut self) {
        let (blocked, offline) = (self.blocked(self.now), self.link.is_down());
        let queued = if std::mem::take(&mut self.queue_changed) { self.queue.as_slices() } else { Default::default() };
        for id in self.active.iter().chain(queued.0).chain(queued.1) {
            let Some(upload) = self.uploads.get_mut(id).filter(|upload| upload.end.is_none()) else { continue };
            let state = upload.state(self.now, blocked, offline);
            let moves = upload.speed.rate(self.now) > 0.0;
            let changed = upload.moved_since_shown || (upload.shown_moving && !moves);
            if state != upload.shown || (changed && self.now.since(upload.shown_at) >= REPORT_EVERY) {
                upload.shown = state;
                upload.shown_at = self.now;
                upload.moved_since_shown = false;
                upload.shown_moving = moves;
                self.outbox.push_back(Action::Report { upload: *id });
            }
        }
    }
}
