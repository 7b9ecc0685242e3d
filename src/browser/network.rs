//! What the browser knows of the network.

use super::Listener;
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

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

    /// Whether the browser believes in a network. Where it does not say, it does.
    pub fn is_up() -> bool {
        let get = |object: &JsValue, key: &str| Reflect::get(object, &JsValue::from_str(key)).unwrap_or(JsValue::NULL);
        get(&get(&js_sys::global(), "navigator"), "onLine").as_bool().unwrap_or(true)
    }
}
