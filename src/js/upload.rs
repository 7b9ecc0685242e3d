//! `Upload`: the handle of one file on its way.

use super::bucket::Inner;
use super::entry::progress_to_js;
use super::observer::Observer;
use super::options::parse_keep;
use crate::browser::now;
use crate::engine::{Event, State, UploadId, View};
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A file on its way into the bucket.
#[wasm_bindgen(skip_typescript)]
pub struct Upload {
    pub(super) inner: Rc<Inner>,
    pub(super) observer: Rc<Observer>,
    pub(super) id: UploadId,
}

impl Upload {
    /// The upload now; once it has settled, as it was then.
    fn view(&self) -> Option<View> {
        let view = self.inner.engine.borrow().view(self.id, now());
        view.or_else(|| self.observer.last.borrow().as_deref().cloned())
    }
}

#[wasm_bindgen]
impl Upload {
    /// Settles once: the stored file's entry, a `PartwayError`, or an `AbortError`.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> Promise {
        self.observer.done.promise()
    }

    /// The `UploadState`.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        self.view().map_or(State::Queued, |view| view.state).as_str().to_owned()
    }

    /// The `UploadProgress` now.
    #[wasm_bindgen(getter)]
    pub fn progress(&self) -> Result<JsValue, JsValue> {
        progress_to_js(&self.view().map(|view| view.progress).unwrap_or_default())
    }

    /// The file's name.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.observer.source.name.clone()
    }

    /// The file's size in bytes.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.observer.source.size as f64
    }

    /// The file's key, once the upload has started.
    #[wasm_bindgen(getter)]
    pub fn key(&self) -> Option<String> {
        self.view()?.key
    }

    /// Sends nothing more until resumed. A part that is wholly on its way is let arrive.
    pub fn pause(&self) {
        self.inner.driver.handle(Event::Pause(self.id));
    }

    /// Goes on after a pause.
    pub fn resume(&self) {
        self.inner.driver.handle(Event::Resume(self.id));
    }

    /// Stops at once and, unless `keep` is set, removes from the bucket what is there. Resolves when that is done.
    pub fn abort(&self, options: JsValue) -> Result<Promise, JsValue> {
        let keep = parse_keep(&options)?;
        self.inner.driver.handle(Event::Abort { upload: self.id, keep });
        Ok(self.observer.when_settled())
    }
}
