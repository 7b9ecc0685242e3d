//! The two clocks: one that never jumps, one that everybody shares.

use crate::engine::Instant;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Now, for the engine: milliseconds since the page began, unmoved by changes of the system's time.
pub fn now() -> Instant {
    Instant(performance_now() as u64)
}

/// Milliseconds since 1970.
pub fn wall_clock() -> f64 {
    js_sys::Date::now()
}
