//! The loop around the engine: drain its actions, perform each, tell it what came of them, wake it when it asks to be.
//!
//! Nothing here, or anywhere in this folder, decides. A body performs one operation of the browser and posts one event.

use super::body::{PartSource, peek};
use super::clock::now;
use super::connectivity::Connectivity;
use super::digest::digest;
use super::download::{Download, download};
use super::fingerprint::{identify, identify_earlier};
use super::leases::Leases;
use super::observer::CallObserver;
use super::operation::Operation;
use super::service::Service;
use super::spawn::spawn;
use super::store::{Store, is_earlier};
use super::tab_channel::TabChannel;
use super::table::Table;
use super::upload_request::{SourceFile, UploadRequest};
use super::{Boxed, list, transport, wall_clock};
use crate::engine::{
    Action, Bytes, Call, CallId, Checkpoint, Engine, Event, FileName, FileSpec, Identity, Instant, OpId, Outcome,
    PartBody, Remote, UploadId,
};
use crate::protocol::Failure;
use crate::resume::{Record, ResumeKey};
use gloo_timers::callback::Timeout;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// Longest timer a browser keeps: beyond 2^31 - 1 ms it fires at once.
const LONGEST_TIMER: u64 = i32::MAX as u64;

/// Performs what the engine asks for.
pub struct Driver {
    engine: Rc<RefCell<Engine>>,
    service: Service,
    store: Rc<Store>,
    leases: Rc<Leases>,
    channel: TabChannel,
    uploads: Table<UploadId, UploadRequest>,
    calls: Table<CallId, Rc<dyn CallObserver>>,
    operations: Table<OpId, Operation>,
    /// The one timer, and when it fires.
    alarm: RefCell<Option<(Instant, Timeout)>>,
    pump_pending: Cell<bool>,
    _connectivity: Connectivity,
}

impl Driver {
    /// A driver of `engine`. Identities, rows, leases and the channel belong to `key`; what the version before stored,
    /// to `earlier`.
    pub fn new(engine: Rc<RefCell<Engine>>, service: Service, key: ResumeKey, earlier: ResumeKey) -> Rc<Self> {
        let key = Rc::new(key);
        // Weak: the listeners must not keep the driver they belong to.
        Rc::new_cyclic(|driver| {
            let (told, posted) = (driver.clone(), driver.clone());
            let handle = |driver: &std::rc::Weak<Self>, event| {
                if let Some(driver) = driver.upgrade() {
                    driver.handle(event);
                }
            };
            Self {
                engine,
                service,
                store: Rc::new(Store::new(Rc::clone(&key), earlier)),
                leases: Rc::new(Leases::new(&key.scope())),
                channel: TabChannel::new(
                    key,
                    Rc::new(move |identity, message| handle(&posted, Event::Peer { identity, message })),
                ),
                uploads: Table::default(),
                calls: Table::default(),
                operations: Table::default(),
                alarm: RefCell::default(),
                pump_pending: Cell::new(false),
                _connectivity: Connectivity::watch(move |online| handle(&told, Event::Network { online })),
            }
        })
    }

    /// Queues an upload, of which the service gets this name.
    pub fn upload(self: &Rc<Self>, request: UploadRequest, name: FileName) -> UploadId {
        let file = FileSpec {
            size: request.source.size,
            name,
            unique_name: request.unique_name,
            modified: request.source.modified,
            wants_progress: request.wants_progress,
        };
        let upload = self.engine.borrow_mut().upload(file, now());
        self.uploads.insert(upload, request);
        self.wake();
        upload
    }

    /// Makes a call. `observer` gets its answer, unless it is withdrawn.
    pub fn call(self: &Rc<Self>, call: Call, observer: Rc<dyn CallObserver>) -> CallId {
        let call = self.engine.borrow_mut().call(call, now());
        self.calls.insert(call, observer);
        self.wake();
        call
    }

    /// Nobody wants the call's answer any more.
    pub fn withdraw(self: &Rc<Self>, call: CallId) {
        self.calls.take(call);
        self.handle(Event::Withdraw(call));
    }

    /// Tells the engine something.
    pub fn handle(self: &Rc<Self>, event: Event) {
        self.engine.borrow_mut().handle(event, now());
        self.wake();
    }

    /// Whether this is the file that `identity` names, and can be read.
    pub async fn is_identified(&self, source: &SourceFile, identity: &Identity) -> bool {
        let key = self.store.key();
        let found = if is_earlier(identity) {
            identify_earlier(key, source).await
        } else {
            identify(key, source).await.map(|(identity, _)| identity)
        };
        found.as_ref() == Some(identity)
    }

    /// The file handle that is stored with an upload.
    ///
    /// # Errors
    /// `storage`
    pub async fn stored_handle(&self, identity: &Identity) -> Result<Option<JsValue>, Failure> {
        self.store.handle(identity).await
    }

    /// Lets the loop run once the caller has returned, so that no callback runs inside a call.
    fn wake(self: &Rc<Self>) {
        if !self.pump_pending.replace(true) {
            let driver = Rc::clone(self);
            spawn(async move {
                driver.pump_pending.set(false);
                driver.pump();
            });
        }
    }

    fn pump(self: &Rc<Self>) {
        loop {
            let action = self.engine.borrow_mut().poll(now());
            let Some(action) = action else { break };
            self.perform(action);
        }
        let wake_at = self.engine.borrow().wakes();
        let mut alarm = self.alarm.borrow_mut();
        match (wake_at, &*alarm) {
            // A timer that fires before it is needed only sets the next. It may be set a thousand times otherwise.
            (Some(at), Some((set, _))) if *set <= at => {}
            (Some(at), _) => {
                let driver = Rc::clone(self);
                let millis = at.since(now()).clamp(1, LONGEST_TIMER);
                let timer = Timeout::new(u32::try_from(millis).unwrap_or(1), move || {
                    driver.alarm.take();
                    driver.pump();
                });
                // The timer that was set before is cancelled as it drops.
                *alarm = Some((at, timer));
            }
            // A timer that nothing waits for would keep Node alive.
            (None, _) => *alarm = None,
        }
    }

    /// Performs one action. Bodies own what they need: they outlive the handles of whoever asked.
    fn perform(self: &Rc<Self>, action: Action) {
        let (store, leases) = (Rc::clone(&self.store), Rc::clone(&self.leases));
        match action {
            Action::Send { op, request, part, read, report } => self.send(op, &request, part, read, report),
            Action::Fetch { op, link, size, gathered, resumes } => {
                self.start(op, download(Download { link, size, gathered, resumes }, self.moved(op)));
            }
            Action::Cancel { op } => {
                if let Some(operation) = self.operations.take(op) {
                    operation.cancel();
                }
                leases.release_of(op);
            }
            Action::Token { op } => self.start(op, self.service.token.fetch()),
            Action::Sample { op, upload } => {
                let request = self.uploads.get(upload);
                self.start(
                    op,
                    Box::pin(async move {
                        let Some(request) = request else { return Outcome::Sampled(None, None) };
                        let (identity, read) = identify(store.key(), &request.source).await.unzip();
                        Outcome::Sampled(identity, read.flatten())
                    }),
                );
            }
            Action::Peek { op, upload, range, whole } => {
                let part = self.part(PartBody { upload, range });
                self.start(
                    op,
                    Box::pin(async move {
                        let Some(part) = part else { return Outcome::Readable(false) };
                        peek(&part, whole).await
                    }),
                );
            }
            Action::Digest { op, upload, range } => {
                let part = self.part(PartBody { upload, range });
                self.start(
                    op,
                    Box::pin(async move {
                        let Some(part) = part else { return Outcome::Digested(None) };
                        Outcome::Digested(digest(&part).await)
                    }),
                );
            }
            Action::DecodeList { op, body } => self.start(op, list::decode(body)),
            Action::Lock { op, identity, ask } => {
                let (driver, of) = (Rc::downgrade(self), identity.clone());
                let lost = Rc::new(move || {
                    if let Some(driver) = driver.upgrade() {
                        driver.leases.release_of(op);
                        driver.handle(Event::LockLost { identity: of.clone() });
                    }
                });
                self.start(op, Box::pin(async move { Outcome::Locked(leases.take(op, identity, ask, lost).await) }));
            }
            Action::Unlock { identity } => leases.release(&identity),
            Action::QueryLocks { op } => {
                self.start(op, Box::pin(async move { Outcome::Locks(leases.query().await) }));
            }
            Action::Channel { open: true } => self.channel.open(),
            Action::Channel { open: false } => self.channel.close(),
            Action::Post { identity, message } => self.channel.post(&identity, &message),
            Action::Load { op, upload, identity } => {
                let Some(request) = self.uploads.get(upload) else { return };
                self.start(
                    op,
                    Box::pin(async move {
                        let earlier = identify_earlier(store.key(), &request.source);
                        Outcome::Loaded(store.find(identity, earlier).await)
                    }),
                );
            }
            Action::Move { op, earlier, identity } => {
                self.start(op, Box::pin(async move { Outcome::Stored(store.adopt(earlier, &identity).await) }));
            }
            Action::LoadAll { op } => {
                self.start(op, Box::pin(async move { Outcome::LoadedAll(store.load_all().await) }));
            }
            Action::Store { op, upload, identity, checkpoint, part_size, expires_in } => {
                let Some(request) = self.uploads.get(upload) else { return };
                let record = record(&request.source, checkpoint, part_size);
                let expires = wall_clock() + expires_in as f64;
                self.start(
                    op,
                    Box::pin(async move {
                        let handle = request.source.handle.as_ref();
                        Outcome::Stored(store.begin(&identity, &record, expires, handle).await)
                    }),
                );
            }
            Action::StorePart { op, upload, identity, remote, part_size, number, part } => {
                let Some(request) = self.uploads.get(upload) else { return };
                let record = record(&request.source, Checkpoint::Begun(remote), part_size);
                self.start(
                    op,
                    Box::pin(async move { Outcome::Stored(store.save_part(&identity, number, &record, &part).await) }),
                );
            }
            Action::Purge { op, identity } => {
                self.start(op, Box::pin(async move { Outcome::Stored(store.purge(&identity).await) }));
            }
            Action::WarnUnkept => web_sys::console::warn_1(
                &"partway: this browser keeps nothing; an upload cannot go on after a reload".into(),
            ),
            Action::Show { upload, view } => {
                if let Some(request) = self.uploads.get(upload) {
                    request.observer.changed(view);
                }
            }
            Action::Stand { upload } => {
                if let Some(request) = self.uploads.get(upload) {
                    request.observer.stands();
                }
            }
            Action::Settle { upload } => {
                if let Some(request) = self.uploads.take(upload) {
                    request.observer.settled();
                }
            }
            Action::CallProgress { call, received, size } => {
                if let Some(observer) = self.calls.get(call) {
                    observer.progress(received, size);
                }
            }
            Action::Reply { call, answer } => {
                if let Some(observer) = self.calls.take(call) {
                    observer.answer(answer);
                }
            }
        }
    }

    fn send(
        self: &Rc<Self>,
        op: OpId,
        request: &crate::protocol::Request,
        part: Option<PartBody>,
        read: Option<Bytes>,
        report: bool,
    ) {
        let is_part = part.is_some();
        let read = read.and_then(|read| read.value.downcast_ref::<JsValue>().cloned());
        let part = part.and_then(|part| Some(PartSource { read, ..self.part(part)? }));
        if is_part && part.is_none() {
            // Nothing is sent in place of a part.
            return self.handle(Event::Ended { op, outcome: Outcome::Unreadable });
        }
        self.start(op, transport::send(self.service.outgoing(request), part, report, self.moved(op)));
    }

    /// Runs an operation and tells the engine what came of it, unless it is cancelled before.
    fn start(self: &Rc<Self>, op: OpId, work: Boxed<'static, Outcome>) {
        let driver = Rc::clone(self);
        let operation = Operation::start(work, move |outcome| {
            driver.operations.take(op);
            driver.handle(Event::Ended { op, outcome });
        });
        self.operations.insert(op, operation);
    }

    /// Tells the engine how far an operation is.
    fn moved(self: &Rc<Self>, op: OpId) -> Rc<dyn Fn(u64)> {
        // Weak: the request's own listener must not keep the driver.
        let driver = Rc::downgrade(self);
        Rc::new(move |bytes| {
            if let Some(driver) = driver.upgrade() {
                driver.handle(Event::Moved { op, bytes });
            }
        })
    }

    fn part(&self, part: PartBody) -> Option<PartSource> {
        let source = &self.uploads.get(part.upload)?.source;
        Some(PartSource { file: source.file.clone(), size: source.size, range: part.range, read: None })
    }
}

/// What is stored of an upload.
fn record(source: &SourceFile, checkpoint: Checkpoint, part_size: u64) -> Record {
    let mut name = source.name.clone();
    let (key, upload_id) = match checkpoint {
        Checkpoint::Intent { name } => (String::new(), name),
        Checkpoint::Begun(Remote { key, upload_id }) => (key, upload_id),
        Checkpoint::Aborted { key, name: there } => {
            name = there;
            (key, String::new())
        }
    };
    Record {
        key,
        upload_id,
        size: source.size,
        part_size,
        name,
        started_at: wall_clock() as u64,
        modified: source.modified,
    }
}
