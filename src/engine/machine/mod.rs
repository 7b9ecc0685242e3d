//! The engine: every upload and call of a bucket, and what follows from each event.

mod outcomes;
mod rules;
mod sending;
mod uploads;
mod waiting;

use super::availability::Class;
use super::calls::{PendingCall, Verdict};
use super::shared::Shared;
use super::small_map::SmallMap;
use super::upload::Upload;
use super::{
    Action, Answer, Call, CallId, Config, Event, FileSpec, Identity, Instant, OpId, RulesSource, UploadId, View,
};
use crate::protocol::Failure;
use crate::resume::PeerMessage;
use rules::SessionRules;
use std::collections::VecDeque;
use uploads::Uploads;

/// Every upload and call of one bucket.
///
/// # Methods, by class
///
/// - Input, at any time, also between two polls: [`upload`](Self::upload), [`call`](Self::call),
///   [`handle`](Self::handle).
/// - Output, after every input and at the time asked for: [`poll`](Self::poll), then [`wake_at`](Self::wake_at).
/// - Reading, at any time; it changes nothing: [`view`](Self::view), [`parts_allowed`](Self::parts_allowed).
///
/// # The loop
///
/// 1. Give the engine an input, or wait until [`wake_at`](Self::wake_at).
/// 2. Call [`poll`](Self::poll) until it returns `None`. Start each action in the order given, and wait for none of
///    them.
/// 3. Ask [`wake_at`](Self::wake_at), which holds until the next input, and set one timer for it. Without a time, only
///    an input changes anything.
///
/// Inputs may come in the middle of step 2, as when a callback of [`Action::Show`] pauses an upload. An action that was
/// decided before is still returned, and an [`Action::Cancel`] follows if it is no longer wanted; poll on until `None`.
///
/// `now` comes from one clock; an earlier time than the last counts as the last. A wake-up half a second late is taken
/// for a machine that slept, and every operation gets one more chance.
///
/// # Example
///
/// A driver of a service that answers everything after 20 ms, in virtual time.
///
/// ```
/// use partway::engine::{
///     Action, Backoff, Config, Engine, Event, FileSpec, Identity, Instant, LEAST_PART, Outcome, Platform, RulesSource,
///     State, TokenSource,
/// };
/// use partway::protocol::{Body, Method, Response};
/// use std::{collections::VecDeque, rc::Rc};
///
/// let platform = Platform { parse_date: Rc::new(|_| None), trusts_link: Rc::new(|_| true) };
/// let mut engine = Engine::new(
///     Config {
///         part_size: Some(LEAST_PART),
///         parallel: 4,
///         backoff: Backoff::default(),
///         stall: 30_000,
///         can_report_progress: false,
///         resume: false,
///         rules: RulesSource::Fetch,
///         token: TokenSource::Fixed,
///         online: true,
///         platform,
///     },
///     42,
/// );
/// let (mut now, mut shown) = (Instant(0), Vec::new());
/// let file = FileSpec {
///     size: LEAST_PART + 1,
///     name: "n".to_owned().into(),
///     unique_name: false,
///     modified: None,
///     wants_progress: false,
/// };
/// let upload = engine.upload(file, now);
/// let mut outcomes = VecDeque::new(); // and when each comes
/// loop {
///     while let Some(action) = engine.poll(now) {
///         let (op, outcome) = match action {
///             Action::Send { op, request, .. } => {
///                 let answer = match (request.method, request.path.as_str()) {
///                     (Method::Post, "/buckets") => r#"{"fileKey":"key","uploadId":"id"}"#,
///                     (Method::Put, _) => r#"{"tag":"tag"}"#,
///                     _ => "{}",
///                 };
///                 let body = answer.as_bytes().to_vec();
///                 let response =
///                     Response { status: 200, retry_after: None, announced: None, body, received_at: now.0 as f64 };
///                 (op, Outcome::Response(response))
///             }
///             Action::Sample { op, .. } => (op, Outcome::Sampled(Some(Identity("the file".into())), None)),
///             Action::Peek { op, .. } => (op, Outcome::Readable(true)),
///             Action::Show { view, .. } => {
///                 shown.push(view.state);
///                 continue;
///             }
///             Action::Settle { .. } => continue,
///             other => panic!("nothing fails here, so nothing asks for {other:?}"),
///         };
///         outcomes.push_back((now.plus(20), op, outcome));
///     }
///     let wakes_at = engine.wake_at().map(|(at, _reason)| at);
///     let Some(next) = outcomes.front().map(|(at, ..)| *at).into_iter().chain(wakes_at).min() else { break };
///     now = next;
///     while outcomes.front().is_some_and(|(at, ..)| *at <= now) {
///         let (_, op, outcome) = outcomes.pop_front().unwrap();
///         engine.handle(Event::Ended { op, outcome }, now);
///     }
/// }
/// assert_eq!(shown.last(), Some(&State::Done));
/// assert_eq!(engine.view(upload, now), None); // settled
/// ```
#[derive(Debug)]
pub struct Engine {
    shared: Shared,
    rules: SessionRules,
    uploads: Uploads,
    queue: VecDeque<UploadId>,
    /// What is queued may have another state than was shown. It is not looked through for nothing: it may be long.
    queue_changed: bool,
    /// This tab may again be able to send what it left to another one.
    may_ask_back: bool,
    /// Begun and not settled.
    active: Vec<UploadId>,
    calls: SmallMap<CallId, PendingCall>,
    /// Files to be removed: those that a start made twice, and what was aborted on earlier pages.
    strays: Vec<Stray>,
    /// Those whose removal is on its way.
    removing: SmallMap<OpId, Stray>,
    /// When it was to be woken, the last time that there was nothing to do.
    wakes: Option<Instant>,
    last_upload: u32,
    last_call: u32,
}

/// A file to be removed for which no upload is there.
#[derive(Debug)]
struct Stray {
    key: String,
    /// What is stored of it, and is of no use then.
    identity: Option<Identity>,
}

impl Engine {
    /// An engine without uploads. `seed` is all its randomness.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let rules = SessionRules::new(&config.rules);
        let uploads = Uploads::new(config.part_size);
        let mut shared = Shared::new(config, seed);
        if let RulesSource::Given { rules, ends_at } = shared.config.rules {
            shared.admission.set_rules(rules, ends_at);
        }
        Self {
            shared,
            rules,
            uploads,
            queue: VecDeque::new(),
            queue_changed: false,
            may_ask_back: false,
            active: Vec::new(),
            calls: SmallMap::default(),
            strays: Vec::new(),
            removing: SmallMap::default(),
            wakes: None,
            last_upload: 0,
            last_call: 0,
        }
    }

    /// Queues a file.
    pub fn upload(&mut self, file: FileSpec, now: Instant) -> UploadId {
        self.advance(now);
        self.last_upload += 1;
        let id = UploadId(self.last_upload);
        self.uploads.push(id, file);
        self.queue.push_back(id);
        self.queue_changed |= self.queue_waits();
        id
    }

    /// Whether what is queued waits for more than its turn.
    fn queue_waits(&self) -> bool {
        self.shared.link.is_down() || self.shared.availability.holds(Class::Rest)
    }

    /// Asks something of the bucket; [`Action::Reply`] answers.
    pub fn call(&mut self, call: Call, now: Instant) -> CallId {
        self.advance(now);
        self.last_call += 1;
        let id = CallId(self.last_call);
        let upload = match &call {
            Call::Forget(key) => self.forget_upload(key),
            _ => None,
        };
        match PendingCall::begin(id, call, upload, &mut self.shared) {
            Ok(call) => {
                self.calls.insert(id, call);
                // Whoever calls wants to know now whether there is a token.
                self.shared.token.hurry(self.shared.now);
            }
            Err(answer) => self.shared.emit(Action::Reply { call: id, answer: Ok(answer) }),
        }
        id
    }

    /// Ends the upload of the file `key`, if one here has it.
    fn forget_upload(&mut self, key: &str) -> Option<UploadId> {
        let upload = self.uploads.iter_mut().find(|upload| upload.key() == Some(key) && !upload.is_settled())?;
        upload.abort(false, &mut self.shared);
        Some(upload.id)
    }

    /// The upload now; `None` once it has settled.
    #[must_use]
    pub fn view(&self, upload: UploadId, now: Instant) -> Option<View> {
        let view = |upload: &Upload| upload.view(now, &self.shared);
        self.uploads.get(upload).map(view).or_else(|| self.uploads.untouched(upload).as_ref().map(view))
    }

    /// How many parts may be in flight now.
    #[must_use]
    pub fn parts_allowed(&self) -> usize {
        self.shared.window.allowed()
    }

    /// The next thing to do at `now`; call until `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        self.advance(now);
        if self.shared.outbox.is_empty() {
            self.on_time();
        }
        while self.shared.outbox.is_empty() && self.send_next() {}
        if self.shared.outbox.is_empty() {
            self.show();
        }
        let action = self.shared.outbox.pop_front();
        match action {
            None => {
                self.wakes = self.next_wake();
                None
            }
            Some(Action::Show { upload: id, view }) => {
                let upload = self.uploads.get_mut(id);
                Some(Action::Show { upload: id, view: upload.map_or(view, |upload| upload.shown_now(&self.shared)) })
            }
            Some(Action::Settle { upload }) => {
                self.forget(upload);
                Some(Action::Settle { upload })
            }
            action => action,
        }
    }

    /// The upload is settled.
    fn forget(&mut self, id: UploadId) {
        self.uploads.remove(id);
        // Only one that was never begun is in the queue, which may be long.
        match self.active.iter().position(|active| *active == id) {
            Some(place) => drop(self.active.remove(place)),
            None => self.queue.retain(|queued| *queued != id),
        }
        let waits = |(_, call): &&(CallId, PendingCall)| call.waits_for(id);
        let waiting: Vec<CallId> = self.calls.iter().filter(waits).map(|(call, _)| *call).collect();
        for call in waiting {
            self.reply(call, Some(Ok(Answer::Forgotten)));
        }
    }

    /// Something happened at `now`.
    pub fn handle(&mut self, event: Event, now: Instant) {
        self.advance(now);
        let Self { shared, uploads, .. } = self;
        match event {
            Event::Ended { op, outcome } => self.ended(op, outcome),
            Event::Moved { op, bytes } => self.moved(op, bytes),
            Event::Peer { identity, message } => self.heard(&identity, &message),
            Event::LockLost { identity } => {
                for id in &self.active {
                    if let Some(upload) = uploads.get_mut(*id).filter(|upload| upload.claims(&identity)) {
                        upload.lose_lock(shared);
                    }
                }
            }
            Event::Network { online } => {
                shared.set_online(online);
                self.queue_changed = true;
                if online {
                    self.reconnected();
                }
            }
            Event::Pause(id) => {
                if let Some(upload) = uploads.get_mut(id) {
                    upload.pause(shared);
                    self.queue_changed = true;
                }
            }
            Event::Resume(id) => {
                if uploads.get_mut(id).is_some_and(Upload::resume) {
                    (self.queue_changed, self.may_ask_back) = (true, true);
                }
            }
            Event::Abort { upload, keep } => {
                if let Some(upload) = uploads.get_mut(upload) {
                    upload.abort(keep, shared);
                }
            }
            Event::Withdraw(call) => {
                if let Some(call) = self.calls.remove(&call)
                    && let Some(op) = call.operation()
                {
                    self.shared.cancel(op);
                }
            }
            Event::Close => self.close(),
        }
    }

    fn heard(&mut self, identity: &Identity, message: &PeerMessage) {
        for id in &self.active {
            if let Some(upload) = self.uploads.get_mut(*id).filter(|upload| upload.claims(identity)) {
                upload.heard(message.clone(), &mut self.shared);
            }
        }
    }

    /// Aborts every upload, and keeps what is stored. No call is answered any more but with `closed`.
    fn close(&mut self) {
        for id in self.uploads.ids() {
            if let Some(upload) = self.uploads.get_mut(id) {
                upload.abort(true, &mut self.shared);
            }
        }
        let calls: Vec<CallId> = self.calls.iter().map(|(call, _)| *call).collect();
        for call in calls {
            if let Some(op) = self.calls.get(&call).and_then(PendingCall::operation) {
                self.shared.cancel(op);
            }
            self.reply(call, Some(Err(Failure::closed())));
        }
    }

    /// Answers a call, if it is over.
    fn reply(&mut self, call: CallId, verdict: Verdict) {
        if let Some(answer) = verdict
            && self.calls.remove(&call).is_some()
        {
            self.shared.emit(Action::Reply { call, answer });
        }
    }

    /// What failed for want of a network is sent again at once.
    fn reconnected(&mut self) {
        let now = self.shared.now;
        self.queue_changed = true;
        self.rules.reconnected(now);
        for id in &self.active {
            if let Some(upload) = self.uploads.get_mut(*id) {
                upload.reconnected(now);
            }
        }
        self.calls.values_mut().for_each(|call| call.reconnected(now));
    }

    fn show(&mut self) {
        let queued = if std::mem::take(&mut self.queue_changed) { self.queue.as_slices() } else { Default::default() };
        let all_wait = self.queue_waits();
        for id in self.active.iter().chain(queued.0).chain(queued.1) {
            // What nothing happened to is shown as queued already.
            if !all_wait && self.uploads.get(*id).is_none() {
                continue;
            }
            if let Some(upload) = self.uploads.get_mut(*id).filter(|upload| !upload.has_ended()) {
                upload.show(&mut self.shared);
            }
        }
    }
}
