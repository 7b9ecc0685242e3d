//! A promise that is settled from elsewhere.

use super::property::get;
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// A promise, and what settles it: an event's listener, an answer, the end of somebody's life. It settles once.
#[derive(Clone)]
pub struct Deferred {
    promise: Promise,
    settle: Option<(Function, Function)>,
}

impl Deferred {
    /// A promise that nothing has settled yet.
    pub fn new() -> Self {
        let mut settle = None;
        // The executor runs before `Promise::new` returns.
        let promise = Promise::new(&mut |resolve, reject| settle = Some((resolve, reject)));
        Self { promise, settle }
    }

    /// A promise that follows `value`, whatever that is: whoever made it may have put anything upon it.
    pub fn of(value: &JsValue) -> Promise {
        let deferred = Self::new();
        let then = get(value, "then");
        match &deferred.settle {
            // Not left to `resolve`: in WebKit nothing settles what follows a promise whose `constructor` throws.
            Some((resolve, reject)) if then.is_function() => {
                let then = then.unchecked_ref::<Function>();
                if let Err(error) = Reflect::apply(then, value, &Array::of2(resolve, reject)) {
                    deferred.reject(&error);
                }
            }
            _ => deferred.resolve(value),
        }
        deferred.promise
    }

    /// The promise.
    pub fn promise(&self) -> Promise {
        self.promise.clone()
    }

    /// A rejection that nobody handles is none that the browser complains of.
    pub fn may_be_ignored(&self) {
        thread_local! {
            static IGNORE: Closure<dyn FnMut(JsValue)> = Closure::new(|_| {});
        }
        IGNORE.with(|ignore| drop(self.promise.catch(ignore)));
    }

    /// Fulfils or rejects the promise, unless it is settled.
    pub fn settle(&self, result: Result<JsValue, JsValue>) {
        match result {
            Ok(value) => self.resolve(&value),
            Err(error) => self.reject(&error),
        }
    }

    /// Fulfils the promise, unless it is settled.
    pub fn resolve(&self, value: &JsValue) {
        if let Some((resolve, _)) = &self.settle {
            let _ = resolve.call1(&JsValue::UNDEFINED, value);
        }
    }

    /// Rejects the promise, unless it is settled.
    pub fn reject(&self, error: &JsValue) {
        if let Some((_, reject)) = &self.settle {
            let _ = reject.call1(&JsValue::UNDEFINED, error);
        }
    }
}
