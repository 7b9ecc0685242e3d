//! A DOM event listener that is removed when it is dropped.

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

/// Listens until dropped.
pub struct Listener {
    target: EventTarget,
    kind: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `heard` for each event `kind` of `target`. A valid event target takes every listener; one that throws is
    /// never heard.
    pub fn new(target: &EventTarget, kind: &'static str, heard: impl FnMut(Event) + 'static) -> Self {
        Self::checked(target, kind, heard).0
    }

    /// The same, and whether the target took the listener.
    pub fn checked(target: &EventTarget, kind: &'static str, heard: impl FnMut(Event) + 'static) -> (Self, bool) {
        let closure = Closure::<dyn FnMut(Event)>::new(heard);
        let listener = Self { target: target.clone(), kind, closure };
        let taken = listener.target.add_event_listener_with_callback(kind, listener.closure.as_ref().unchecked_ref());
        (listener, taken.is_ok())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.kind, self.closure.as_ref().unchecked_ref());
    }
}
