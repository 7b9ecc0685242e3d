//! Whether the browser sees a network.

use super::Listener;
use super::property::get;
use wasm_bindgen::JsCast;
use web_sys::EventTarget;

/// Listens for the network going and coming until dropped.
pub struct Connectivity {
    _listeners: Option<[Listener; 2]>,
}

impl Connectivity {
    /// Calls `changed` with whether there is a network, whenever that changes.
    pub fn watch(changed: impl Fn(bool) + Clone + 'static) -> Self {
        // Node's global object is no event target.
        let global = js_sys::global().dyn_into::<EventTarget>().ok();
        let went = changed.clone();
        let listen = |global| {
            [
                Listener::new(&global, "online", move |_| changed(true)),
                Listener::new(&global, "offline", move |_| went(false)),
            ]
        };
        Self { _listeners: global.map(listen) }
    }

    /// Whether the browser sees a network. Where it does not say, it does.
    pub fn is_online() -> bool {
        get(&get(&js_sys::global(), "navigator"), "onLine").as_bool().unwrap_or(true)
    }
}
