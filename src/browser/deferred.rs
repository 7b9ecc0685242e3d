//! A promise that is settled from elsewhere.

use gloo_timers::callback::Timeout;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// A promise, and what fulfils it: an event's listener, a timer, or the end of somebody's life.
#[derive(Clone)]
pub struct Deferred {
    promise: Promise,
    resolve: Option<Function>,
}

impl Deferred {
    /// A promise that nothing has settled yet.
    pub fn new() -> Self {
        let mut resolve = None;
        // The executor runs before `Promise::new` returns.
        let promise = Promise::new(&mut |done, _| resolve = Some(done));
        Self { promise, resolve }
    }

    /// The promise.
    pub fn promise(&self) -> Promise {
        self.promise.clone()
    }

    /// Fulfils the promise, unless that was done before.
    pub fn resolve(&self, value: &JsValue) {
        if let Some(resolve) = &self.resolve {
            let _ = resolve.call1(&JsValue::UNDEFINED, value);
        }
    }

    /// What the promise is fulfilled with, or `None` after `millis`.
    pub async fn within(&self, millis: u32) -> Option<JsValue> {
        let late = Self::new();
        // A value of its own: no event fulfils a promise with it.
        let mark = JsValue::from(js_sys::Object::new());
        let (wake, value) = (late.clone(), mark.clone());
        let _timer = Timeout::new(millis, move || wake.resolve(&value));
        let race = Promise::race(&Array::of2(&self.promise, &late.promise));
        JsFuture::from(race).await.ok().filter(|value| *value != mark)
    }
}
