//! What is stored and posted between pages, in a real browser: `cargo xtask test --only wasm`.

mod fingerprint;
mod lease;
mod operation;
mod store;
mod tab_channel;
mod time_slice;
mod transport;

use super::deferred::Deferred;
use gloo_timers::callback::Timeout;
use js_sys::{Array, Object, Reflect};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test_configure;
use web_sys::IdbRequest;

wasm_bindgen_test_configure!(run_in_browser);

/// A text that nothing else has, in this run or another.
fn unique(what: &str) -> String {
    format!("{what}-{:016x}", getrandom::u64().unwrap())
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap()
}

/// The result of a request for all rows, or all keys.
fn list(request: &IdbRequest) -> Array {
    request.result().unwrap().unchecked_into()
}

async fn sleep(millis: u32) {
    let over = Deferred::new();
    let wake = over.clone();
    let _timer = Timeout::new(millis, move || wake.resolve(&JsValue::UNDEFINED));
    JsFuture::from(over.promise()).await.unwrap();
}

/// Lets a future begin. It is still to be dropped, or awaited.
fn begin<T>(future: &mut Pin<Box<impl Future<Output = T> + ?Sized>>) {
    assert!(matches!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
}

/// Asks until it is so, for 10 s.
async fn eventually<F: Future<Output = bool>>(mut so: impl FnMut() -> F) -> bool {
    for _ in 0..200 {
        if so().await {
            return true;
        }
        sleep(50).await;
    }
    false
}

/// A property of an object that a page without it would have, until dropped.
struct Missing {
    object: Object,
    key: JsValue,
    /// The object's own property; undefined where it has it from its prototype.
    own: JsValue,
}

impl Missing {
    fn new(object: &JsValue, key: &str) -> Self {
        let own = Reflect::get_own_property_descriptor(object.unchecked_ref::<Object>(), &key.into()).unwrap();
        let missing = Self { object: object.clone().unchecked_into(), key: key.into(), own };
        let nothing = Object::new();
        Reflect::set(&nothing, &"configurable".into(), &JsValue::TRUE).unwrap();
        Reflect::set(&nothing, &"value".into(), &JsValue::UNDEFINED).unwrap();
        assert!(Reflect::define_property(&missing.object, &missing.key, &nothing).unwrap());
        assert!(get(object, key).is_undefined());
        missing
    }

    /// A page without Web Locks.
    fn locks() -> Self {
        Self::new(&get(&js_sys::global(), "navigator"), "locks")
    }

    /// A page without a database.
    fn database() -> Self {
        Self::new(&js_sys::global(), "indexedDB")
    }
}

impl Drop for Missing {
    fn drop(&mut self) {
        // What the prototype has is to be seen again once nothing covers it.
        let back = match self.own.dyn_ref::<Object>() {
            Some(own) => Reflect::define_property(&self.object, &self.key, own),
            None => Reflect::delete_property(&self.object, &self.key),
        };
        assert!(back.unwrap());
    }
}
