//! Follows one upload for JavaScript: keeps its last moment, calls the callbacks, settles its promises.

use super::entry::{FileEntry, progress_to_js};
use super::error::{abort_error, partway_error};
use crate::browser::{Listener, Snapshot, Watch};
use crate::engine::State;
use js_sys::{Array, Function, Promise};
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// What of an upload JavaScript may ask after it has settled, and what it waits for.
pub struct Observer {
    /// The last moment seen.
    pub last: RefCell<Option<Snapshot>>,
    /// Settles with the upload.
    pub done: Deferred,
    /// Resolves when nothing more will be done for it, a removal included.
    settled: Deferred,
    /// Listens to the caller's signal until the upload ends.
    pub aborting: RefCell<Option<Listener>>,
    on_progress: Option<Function>,
    on_state: Option<Function>,
    state: Cell<State>,
    /// The entry to give when it is done; key and parts are filled in then.
    entry: RefCell<FileEntry>,
}

/// A promise and what settles it.
pub struct Deferred {
    /// The promise. Nobody needs to handle its rejection.
    pub promise: Promise,
    settle: RefCell<Option<(Function, Function)>>,
}

impl Deferred {
    fn new() -> Self {
        let mut settle = None;
        let promise = Promise::new(&mut |resolve, reject| settle = Some((resolve, reject)));
        // A rejection that nobody looks at is not an unhandled one: this looks.
        let looked_at = promise.clone();
        spawn_local(async move {
            let _ = JsFuture::from(looked_at).await;
        });
        Self { promise, settle: RefCell::new(settle) }
    }

    fn settle(&self, result: Result<JsValue, JsValue>) {
        let Some((resolve, reject)) = self.settle.borrow_mut().take() else { return };
        let _ = match result {
            Ok(value) => resolve.call1(&JsValue::UNDEFINED, &value),
            Err(error) => reject.call1(&JsValue::UNDEFINED, &error),
        };
    }
}

impl Observer {
    /// An observer that calls `on_progress` and `on_state`, and gives `entry` in the end.
    pub fn new(on_progress: Option<Function>, on_state: Option<Function>, entry: FileEntry) -> Self {
        Self {
            last: RefCell::default(),
            done: Deferred::new(),
            settled: Deferred::new(),
            aborting: RefCell::default(),
            on_progress,
            on_state,
            state: Cell::new(State::Queued),
            entry: RefCell::new(entry),
        }
    }

    fn finish(&self, snapshot: &Snapshot) {
        let result = match snapshot.state {
            State::Done => {
                let mut entry = self.entry.borrow_mut();
                entry.key = snapshot.key.clone().unwrap_or_default();
                entry.parts = u64::from(snapshot.progress.parts);
                entry.to_js()
            }
            State::Aborted => Err(abort_error()),
            State::Failed => Err(snapshot.failure.as_ref().map_or(JsValue::UNDEFINED, partway_error)),
            _ => return,
        };
        self.aborting.borrow_mut().take();
        self.done.settle(result);
    }
}

impl Watch for Observer {
    fn wants_progress(&self) -> bool {
        self.on_progress.is_some()
    }

    fn changed(&self, snapshot: Snapshot) {
        let state = snapshot.state;
        let moved = self.last.borrow().as_ref().is_none_or(|last| last.progress != snapshot.progress);
        *self.last.borrow_mut() = Some(snapshot.clone());
        if moved
            && let Some(callback) = &self.on_progress
            && let Ok(progress) = progress_to_js(&snapshot.progress)
        {
            call(callback, &Array::of1(&progress));
        }
        if self.state.replace(state) != state
            && let Some(callback) = &self.on_state
        {
            call(callback, &Array::of1(&state.as_str().into()));
        }
        self.finish(&snapshot);
    }

    fn settled(&self) {
        self.settled.settle(Ok(JsValue::UNDEFINED));
    }

    fn settlement(&self) -> Promise {
        self.settled.promise.clone()
    }
}

/// Calls a callback of the user; one that throws is shown on the console, and the upload goes on.
pub fn call(callback: &Function, arguments: &Array) {
    if let Err(error) = callback.apply(&JsValue::UNDEFINED, arguments) {
        web_sys::console::error_2(&"partway: a callback threw".into(), &error);
    }
}
