//! Waiting, until time is over or nobody wants to wait any more.

use super::Listener;
use gloo_timers::callback::Timeout;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

/// Longest timer a browser keeps: beyond 2^31 - 1 ms it fires at once.
pub const LONGEST_TIMER: u64 = i32::MAX as u64;

/// Waits `millis`, or until `signal` is aborted.
pub async fn sleep(millis: u64, signal: &AbortSignal) {
    if signal.aborted() {
        return;
    }
    let mut resolve = None;
    let promise = Promise::new(&mut |done, _| resolve = Some(done));
    let Some(resolve) = resolve else { return };
    let wake = resolve.clone();
    let _timer = Timeout::new(u32::try_from(millis.min(LONGEST_TIMER)).unwrap_or(0), move || {
        let _ = wake.call0(&JsValue::UNDEFINED);
    });
    let _listener = Listener::new(signal, "abort", move |_| {
        let _ = resolve.call0(&JsValue::UNDEFINED);
    });
    let _ = JsFuture::from(promise).await;
}
