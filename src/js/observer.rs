//! Follows one upload for JavaScript: keeps its last view, calls the callbacks, settles its promises.

use super::entry::{FileEntry, progress_to_js};
use super::error::{abort_error, partway_error};
use crate::browser::{Deferred, Driver, Listener, SourceFile, UploadObserver};
use crate::engine::{Event, State, UploadId, View};
use crate::names::Scheme;
use js_sys::{Array, Function, Promise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

/// What of an upload JavaScript may ask after it has settled, and what it waits for.
pub struct Observer {
    /// The last view shown. Of a file that only waits there is none.
    pub last: RefCell<Option<Box<View>>>,
    /// Settles with the upload. Nobody needs to handle its rejection.
    pub done: Deferred,
    /// Nothing more will be done for it, a removal included, or that takes a network.
    is_settled: Cell<bool>,
    /// Resolves then, if anybody asked for it.
    settled: RefCell<Option<Deferred>>,
    /// Listens to the caller's signal until the upload ends.
    aborting: RefCell<Option<Listener>>,
    on_progress: Option<Function>,
    on_state: Option<Function>,
    state: Cell<State>,
    /// The file, and how its name is written: the entry is made of them when it is done.
    pub source: Rc<SourceFile>,
    scheme: Scheme,
}

impl Observer {
    /// An observer that calls `on_progress` and `on_state`, and gives the entry of `source` in the end.
    pub fn new(
        on_progress: Option<Function>,
        on_state: Option<Function>,
        source: Rc<SourceFile>,
        scheme: Scheme,
    ) -> Self {
        let done = Deferred::new();
        done.may_be_ignored();
        Self {
            last: RefCell::default(),
            done,
            is_settled: Cell::default(),
            settled: RefCell::default(),
            aborting: RefCell::default(),
            on_progress,
            on_state,
            state: Cell::new(State::Queued),
            source,
            scheme,
        }
    }

    /// Aborts the upload when `signal` is, or at once if it is already.
    pub fn abort_with(&self, signal: &AbortSignal, driver: &Rc<Driver>, upload: UploadId) {
        let aborted = Rc::downgrade(driver);
        let abort = move || {
            if let Some(driver) = aborted.upgrade() {
                driver.handle(Event::Abort { upload, keep: false });
            }
        };
        if signal.aborted() {
            abort();
        } else {
            *self.aborting.borrow_mut() = Some(Listener::new(signal, "abort", move |_| abort()));
        }
    }

    /// A promise that resolves when nothing more will be done for it.
    pub fn when_settled(&self) -> Promise {
        let settled = self.settled.borrow_mut().get_or_insert_with(Deferred::new).clone();
        if self.is_settled.get() {
            settled.resolve(&JsValue::UNDEFINED);
        }
        settled.promise()
    }

    fn finish(&self, view: &View) {
        let result = match view.state {
            State::Done => FileEntry::of_upload(&self.source, self.scheme, view).to_js(),
            State::Aborted => Err(abort_error()),
            State::Failed => Err(view.failure.as_ref().map_or(JsValue::UNDEFINED, partway_error)),
            _ => return,
        };
        self.aborting.take();
        self.done.settle(result);
    }
}

impl UploadObserver for Observer {
    fn changed(&self, view: View) {
        let state = view.state;
        let moved = self.last.borrow().as_ref().is_none_or(|last| last.progress != view.progress);
        *self.last.borrow_mut() = Some(Box::new(view.clone()));
        if moved
            && let Some(callback) = &self.on_progress
            && let Ok(progress) = progress_to_js(&view.progress)
        {
            call(callback, &Array::of1(&progress));
        }
        if self.state.replace(state) != state
            && let Some(callback) = &self.on_state
        {
            call(callback, &Array::of1(&state.as_str().into()));
        }
        self.finish(&view);
    }

    fn stands(&self) {
        self.is_settled.set(true);
        if let Some(settled) = &*self.settled.borrow() {
            settled.resolve(&JsValue::UNDEFINED);
        }
    }

    fn settled(&self) {
        self.stands();
    }
}

/// Calls a callback of the user; one that throws is shown on the console, and the upload goes on.
pub fn call(callback: &Function, arguments: &Array) {
    if let Err(error) = callback.apply(&JsValue::UNDEFINED, arguments) {
        web_sys::console::error_2(&"partway: a callback threw".into(), &error);
    }
}
