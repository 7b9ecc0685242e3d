//! What the browser knows of the network.

use super::Listener;
use super::deferred::Deferred;
use super::sleep::{LONGEST_TIMER, sleep};
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, EventTarget};

/// How long after a failure the browser may still learn that there is no network, in milliseconds.
const SETTLING: u64 = 50;

/// Listens for the network going and coming until dropped.
pub struct Network {
    _listeners: Option<[Listener; 2]>,
}

impl Network {
    /// Calls `changed` with whether there is a network whenever that changes.
    pub fn watch(changed: impl Fn(bool) + Clone + 'static) -> Self {
        let global = js_sys::global().dyn_into::<EventTarget>().ok();
        let went = changed.clone();
        Self {
            _listeners: global.map(|global| {
                [
                    Listener::new(&global, "online", move |_| changed(true)),
                    Listener::new(&global, "offline", move |_| went(false)),
                ]
            }),
        }
    }

    /// Waits, where the browser says that there is no network, until it says there is one again: `millis` at most.
    /// `false` where there is one, or none came.
    pub async fn returns(millis: u64, signal: &AbortSignal) -> bool {
        if Self::is_still_up(signal).await || signal.aborted() {
            return false;
        }
        let back = Deferred::new();
        let (resolve, abort) = (back.clone(), back.clone());
        let _network = Self::watch(move |up| {
            if up {
                resolve.resolve(&JsValue::UNDEFINED);
            }
        });
        let _abort = Listener::new(signal, "abort", move |_| abort.resolve(&JsValue::UNDEFINED));
        let _ = back.within(u32::try_from(millis.min(LONGEST_TIMER)).unwrap_or(u32::MAX)).await;
        Self::is_up() && !signal.aborted()
    }

    /// Whether the browser still believes in a network after a request failed: that happens a moment before it knows.
    pub async fn is_still_up(signal: &AbortSignal) -> bool {
        sleep(SETTLING, signal).await;
        Self::is_up()
    }

    /// Whether the browser believes in a network. Where it does not say, it does.
    pub fn is_up() -> bool {
        let get = |object: &JsValue, key: &str| Reflect::get(object, &JsValue::from_str(key)).unwrap_or(JsValue::NULL);
        get(&get(&js_sys::global(), "navigator"), "onLine").as_bool().unwrap_or(true)
    }
}
