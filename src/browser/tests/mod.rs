//! What is kept and told between pages, in a real browser: `cargo xtask test --only wasm`.

mod fingerprint;
mod lease;
mod news;
mod store;

use super::deferred::Deferred;
use js_sys::{Object, Reflect};
use std::future::Future;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

/// A text that nothing else has, in this run or another.
fn unique(what: &str) -> String {
    format!("{what}-{:016x}", getrandom::u64().unwrap())
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap()
}

async fn sleep(millis: u32) {
    assert!(Deferred::new().within(millis).await.is_none());
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
}

impl Missing {
    fn new(object: &JsValue, key: &str) -> Self {
        let missing = Self { object: object.clone().into(), key: key.into() };
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
        // What lies below, in the prototype, is to be seen again.
        assert!(Reflect::delete_property(&self.object, &self.key).unwrap());
    }
}
