//! The loop around the engine: drain its actions, perform them, tell it what came of them.

use super::Boxed;
use super::api::{Api, ends_at, ends_in};
use super::body::{check_readable, part_body};
use super::clock::now;
use super::hold::Resume;
use super::job::{Job, Snapshot, Task};
use super::network::Network;
use super::sleep::LONGEST_TIMER;
use super::xhr::Xhr;
use crate::engine::{Action, Config, Engine, Event, Picked, Plan, RequestId, State, UploadId};
use crate::protocol::{Code, Failure, FileList, Request, Rules, Started, file_info, part_tag, started};
use gloo_timers::callback::Timeout;
use js_sys::Promise;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, AbortSignal};

/// Performs what the engine decides.
pub struct Driver {
    pub(super) api: Rc<Api>,
    pub(super) engine: RefCell<Engine>,
    pub(super) tasks: RefCell<BTreeMap<UploadId, Rc<Task>>>,
    /// What can be gone on with; `None` where nothing is kept.
    pub resume: Option<Rc<Resume>>,
    /// What files begun here are called in the bucket's list, where no other file is called so, and their keys; sorted.
    pub(super) starts: RefCell<Vec<(String, String)>>,
    pub(super) in_flight: RefCell<Vec<(RequestId, AbortController)>>,
    timer: RefCell<Option<Timeout>>,
    pump_pending: Cell<bool>,
    pub(super) looks_out: Cell<bool>,
    network: RefCell<Option<Network>>,
    /// Ends what goes on behind the requests when the bucket is closed.
    pub(super) closed: AbortSignal,
}

impl Driver {
    /// A driver without uploads. `rules` where the caller knows them, `resume` where uploads are kept.
    pub fn new(
        api: Rc<Api>,
        config: Config,
        seed: u64,
        rules: Option<Rules>,
        resume: Option<Rc<Resume>>,
        closed: AbortSignal,
    ) -> Rc<Self> {
        let mut engine = Engine::new(config, seed);
        if let Some(rules) = rules {
            engine.set_rules(rules, ends_at(&rules));
        }
        let driver = Rc::new(Self {
            api,
            engine: RefCell::new(engine),
            tasks: RefCell::default(),
            resume,
            starts: RefCell::default(),
            in_flight: RefCell::default(),
            timer: RefCell::default(),
            pump_pending: Cell::new(false),
            looks_out: Cell::new(false),
            network: RefCell::default(),
            closed,
        });
        // Weak: the listeners must not keep the driver they belong to.
        let told = Rc::downgrade(&driver);
        *driver.network.borrow_mut() = Some(Network::watch(move |online| {
            if let Some(driver) = told.upgrade() {
                driver.tell(if online { Event::Online } else { Event::Offline });
            }
        }));
        driver
    }

    /// Queues an upload.
    pub fn pick(self: &Rc<Self>, job: Job) -> UploadId {
        let picked = Picked {
            size: job.subject.file.size() as u64,
            findable: job.findable,
            heard: job.watch.wants_progress() && Xhr::is_here(),
        };
        let upload = self.engine.borrow_mut().pick(picked);
        self.tasks.borrow_mut().insert(upload, Rc::new(Task::new(job)));
        if self.engine.borrow().is_offline() {
            self.look_out();
        }
        self.wake();
        upload
    }

    /// Tells the engine something.
    pub fn tell(self: &Rc<Self>, event: Event) {
        self.engine.borrow_mut().handle(event, now());
        self.wake();
    }

    /// The bucket was listed.
    pub fn listed(&self, files: impl IntoIterator<Item = (String, u64)>) {
        self.engine.borrow_mut().listed(files);
    }

    /// The service told of one file.
    pub fn holds(&self, key: &str, size: u64) {
        self.engine.borrow_mut().holds(key, size);
    }

    /// A file's size, where an earlier answer told it.
    pub fn size_of(&self, key: &str) -> Option<u64> {
        self.engine.borrow().size_of(key)
    }

    /// A file was removed by its key.
    pub fn removed(&self, key: &str) {
        self.engine.borrow_mut().removed(key);
    }

    pub(super) fn plan(&self, upload: UploadId) -> Option<Plan> {
        self.engine.borrow().plan(upload)
    }

    pub(super) fn tag(&self, upload: UploadId, part: u32) -> Option<String> {
        self.engine.borrow().tag(upload, part).map(str::to_owned)
    }

    /// The upload that stores the file `key`, if one here does.
    pub fn upload_of(&self, key: &str) -> Option<UploadId> {
        let engine = self.engine.borrow();
        self.tasks.borrow().keys().copied().find(|upload| engine.key(*upload) == Some(key))
    }

    /// Ends an upload and removes what is stored of it; `None` once it has settled.
    pub fn give_up(self: &Rc<Self>, upload: UploadId) -> Option<Promise> {
        let settlement = self.task(upload)?.job.watch.settlement();
        self.tell(Event::Abort { upload, keep: false });
        Some(settlement)
    }

    /// The upload now; `None` once it has settled.
    pub fn snapshot(&self, upload: UploadId) -> Option<Snapshot> {
        let engine = self.engine.borrow();
        Some(Snapshot {
            state: engine.state(upload)?,
            progress: engine.progress(upload, now())?,
            key: engine.key(upload).map(str::to_owned),
            failure: engine.failure(upload).cloned(),
        })
    }

    /// Aborts every upload, keeping what is stored.
    pub fn abort_all(self: &Rc<Self>) {
        let uploads: Vec<_> = self.tasks.borrow().keys().copied().collect();
        for upload in uploads {
            self.tell(Event::Abort { upload, keep: true });
        }
    }

    /// Lets the loop run once the caller has returned, so that no callback runs inside a call.
    fn wake(self: &Rc<Self>) {
        if !self.pump_pending.replace(true) {
            let driver = Rc::clone(self);
            spawn_local(async move {
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
        let wake_at = self.engine.borrow().wake_at();
        let timer = wake_at.map(|at| {
            let driver = Rc::clone(self);
            let millis = at.since(now()).clamp(1, LONGEST_TIMER);
            Timeout::new(u32::try_from(millis).unwrap_or(1), move || driver.pump())
        });
        // The timer that was set before is cancelled as it drops.
        *self.timer.borrow_mut() = timer;
    }

    fn perform(self: &Rc<Self>, action: Action) {
        let driver = Rc::clone(self);
        match action {
            Action::FetchRules { request } => spawn_local(async move {
                let rules = driver.api.ask_rules(&driver.closed).await;
                let known = rules.map(|rules| Event::RulesKnown { request, rules, expires_in: ends_in(&rules) });
                driver.end(request, known).await;
            }),
            Action::Start { upload, request, parts } => {
                let Some(task) = self.task(upload) else { return };
                let call = Request::start(parts, &task.job.sealed, task.job.subject.file.size() as u64);
                let signal = self.begin(request);
                spawn_local(async move {
                    driver.keep_intent(upload, &task).await;
                    let is_aborted = driver.engine.borrow().state(upload) == Some(State::Aborted);
                    let answer = if is_aborted {
                        Err(Failure::new(Code::Closed, "The upload was aborted before it began."))
                    } else {
                        driver.api.send(&call, JsValue::UNDEFINED, &signal, None).await
                    };
                    let started = answer.and_then(|answer| started(&answer));
                    if let Ok(started) = &started {
                        driver.note_start(&task.job, &started.file_key);
                        driver.keep_start(upload, &task, started).await;
                    }
                    let event =
                        started.map(|Started { file_key: key, upload_id }| Event::Started { request, key, upload_id });
                    driver.end(request, event).await;
                });
            }
            Action::PutPart { upload, request, part, range, key, upload_id, watched } => {
                let Some(task) = self.task(upload) else { return };
                let signal = self.begin(request);
                spawn_local(async move {
                    let put = Request::part(&key, &upload_id, part);
                    let result = driver.put_part(&task.job, request, &put, range, watched, &signal).await;
                    let stored = result.and_then(|answer| part_tag(&answer, part));
                    driver.end(request, stored.map(|tag| Event::PartStored { request, tag })).await;
                });
            }
            Action::Save { upload, part } => {
                let Some(task) = self.task(upload) else { return };
                spawn_local(async move {
                    driver.keep_tag(upload, &task, part).await;
                    driver.tell(Event::Saved { upload, part });
                });
            }
            Action::Complete { upload, request, key, tags } => {
                let Some(task) = self.task(upload) else { return };
                let signal = self.begin(request);
                spawn_local(async move {
                    let call = Request::complete(&key, &tags);
                    let result = match driver.check_same(&task).await {
                        Ok(()) => driver.api.send(&call, JsValue::UNDEFINED, &signal, None).await,
                        Err(failure) => Err(failure),
                    };
                    let completed = result.and_then(|answer| check_completion(&answer));
                    driver.end(request, completed.map(|()| Event::Completed { request })).await;
                });
            }
            Action::Confirm { request, key, .. } => self.exchange(request, Request::file(&key), move |answer| {
                Ok(Event::Confirmed { request, completed: file_info(answer)?.completed })
            }),
            Action::Remove { request, key, .. } => {
                self.exchange(request, Request::remove(&key), move |_| Ok(Event::Removed { request }));
            }
            Action::Find { upload, request } => {
                let Some(task) = self.task(upload) else { return };
                self.exchange(request, Request::list(), move |answer| {
                    let sealed = Some(&task.job.sealed);
                    let files = FileList::new(answer).collect::<Result<Vec<_>, _>>()?;
                    let mine = files.into_iter().filter(|info| info.file_name.as_ref() == sealed);
                    Ok(Event::Found { request, keys: mine.filter_map(|info| info.file_key).collect() })
                });
            }
            Action::Recall { upload } => {
                if let Some(task) = self.task(upload) {
                    spawn_local(driver.recall(upload, task));
                }
            }
            Action::StepAside { upload } => {
                if let Some(task) = self.task(upload) {
                    spawn_local(driver.step_aside(upload, task));
                }
            }
            Action::Want { upload } => {
                if let Some(task) = self.task(upload) {
                    spawn_local(async move { driver.want(&task).await });
                }
            }
            Action::RenewToken => spawn_local(async move {
                let event = match driver.api.renew_token().await {
                    Ok(()) => Event::TokenRenewed,
                    Err(failure) => Event::TokenRefused(failure),
                };
                driver.tell(event);
            }),
            Action::Cancel { request } => {
                if let Some(controller) = self.landed(request) {
                    controller.abort();
                }
            }
            Action::Report { upload } => {
                if let (Some(task), Some(snapshot)) = (self.task(upload), self.snapshot(upload)) {
                    // Nothing is kept of most moments: those are shown at once.
                    if task.hold().is_none() {
                        return task.job.watch.changed(snapshot);
                    }
                    spawn_local(async move { driver.show(&task, snapshot).await });
                }
            }
            Action::Settled { upload, keep } => {
                let snapshot = self.snapshot(upload);
                let task = self.tasks.borrow_mut().remove(&upload);
                self.engine.borrow_mut().forget(upload);
                if let Some(task) = task {
                    spawn_local(async move { driver.let_go(&task, keep, snapshot).await });
                }
            }
        }
    }

    /// Sends a JSON call once and tells the engine what `read` makes of the answer.
    fn exchange(
        self: &Rc<Self>,
        id: RequestId,
        request: Request,
        read: impl FnOnce(&[u8]) -> Result<Event, Failure> + 'static,
    ) {
        let driver = Rc::clone(self);
        let signal = self.begin(id);
        spawn_local(async move {
            let result = driver.api.send(&request, JsValue::UNDEFINED, &signal, None).await;
            driver.end(id, result.and_then(|answer| read(&answer))).await;
        });
    }

    async fn put_part(
        self: &Rc<Self>,
        job: &Job,
        request: RequestId,
        put: &Request,
        range: Range<u64>,
        watched: bool,
        signal: &AbortSignal,
    ) -> Result<Vec<u8>, Failure> {
        // Firefox never ends a request whose file has changed.
        check_readable(&job.subject.file, range.clone()).await?;
        let body = part_body(&job.subject.file, range.clone()).await?;
        let progress = (watched || job.watch.wants_progress()).then(|| {
            // Weak: the request's own listener must not keep the driver.
            let driver = Rc::downgrade(self);
            let moved = move |bytes| {
                if let Some(driver) = driver.upgrade() {
                    driver.tell(Event::PartMoved { request, bytes });
                }
            };
            Rc::new(moved) as Rc<dyn Fn(u64)>
        });
        let result = self.api.send(put, body, signal, progress).await;
        // A browser that cannot read the file any more says that the connection failed.
        if result.as_ref().is_err_and(Failure::is_unconnected) && !signal.aborted() {
            check_readable(&job.subject.file, range).await?;
        }
        result
    }

    fn begin(&self, request: RequestId) -> AbortSignal {
        // Every browser with WebAssembly has `AbortController`; without one nothing could be cancelled, only ignored.
        match AbortController::new() {
            Ok(controller) => {
                let signal = controller.signal();
                self.in_flight.borrow_mut().push((request, controller));
                signal
            }
            Err(_) => self.closed.clone(),
        }
    }

    fn end(self: &Rc<Self>, request: RequestId, result: Result<Event, Failure>) -> Boxed<'static, ()> {
        Box::pin(Rc::clone(self).end_now(request, result))
    }

    async fn end_now(self: Rc<Self>, request: RequestId, result: Result<Event, Failure>) {
        if result.as_ref().is_err_and(Failure::is_unconnected)
            && (!Network::is_still_up(&self.closed).await || self.is_cut_off(request).await)
        {
            self.tell(Event::Offline);
            self.look_out();
        }
        self.landed(request);
        self.tell(result.unwrap_or_else(|failure| Event::Failed { request, failure }));
    }

    /// Takes the request out of flight.
    fn landed(&self, request: RequestId) -> Option<AbortController> {
        let mut in_flight = self.in_flight.borrow_mut();
        let place = in_flight.iter().position(|(id, _)| *id == request)?;
        Some(in_flight.swap_remove(place).1)
    }

    fn task(&self, upload: UploadId) -> Option<Rc<Task>> {
        self.tasks.borrow().get(&upload).cloned()
    }
}

/// The answer to a completion is unspecified: empty or any JSON. Anything else came from somebody else.
fn check_completion(answer: &[u8]) -> Result<(), Failure> {
    if answer.iter().all(u8::is_ascii_whitespace) || serde_json::from_slice::<serde::de::IgnoredAny>(answer).is_ok() {
        Ok(())
    } else {
        Err(Failure::protocol("it is not JSON"))
    }
}
