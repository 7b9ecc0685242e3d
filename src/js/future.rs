//! Promises of owned futures that end when the caller's signal does.

use super::error::abort_error;
use crate::browser::{Boxed, Listener};
use crate::protocol::{Code, Failure};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{AbortController, AbortSignal};

/// A promise of what `work` gives. It rejects at once when the caller's `signal` is aborted, or with `closed` when the
/// bucket is; `work` gets a signal of our own, since foreign reasons of abortion are not ours to hand on.
pub fn promise(
    signal: Option<AbortSignal>,
    bucket: &AbortSignal,
    work: impl FnOnce(AbortSignal) -> Work + 'static,
) -> Promise {
    bounded(signal, bucket, Box::new(work))
}

/// What a call does.
pub type Work = Boxed<'static, Result<JsValue, JsValue>>;

fn bounded(signal: Option<AbortSignal>, bucket: &AbortSignal, work: Box<dyn FnOnce(AbortSignal) -> Work>) -> Promise {
    let bucket = bucket.clone();
    future_to_promise(async move {
        if bucket.aborted() {
            return Err(super::error::closed());
        }
        if signal.as_ref().is_some_and(AbortSignal::aborted) {
            return Err(abort_error());
        }
        let controller = AbortController::new()?;
        let mut reject = None;
        let ended = Promise::new(&mut |_, refuse| reject = Some(refuse));
        let reject = reject.ok_or(JsValue::UNDEFINED)?;
        let listen = |target: &AbortSignal, error: fn() -> JsValue| {
            let (controller, reject) = (controller.clone(), reject.clone());
            Listener::new(target, "abort", move |_| {
                let _ = reject.call1(&JsValue::UNDEFINED, &error());
                controller.abort();
            })
        };
        let _closed = listen(&bucket, super::error::closed);
        let _aborted = signal.as_ref().map(|signal| listen(signal, abort_error));
        let working = future_to_promise(work(controller.signal()));
        JsFuture::from(Promise::race(&js_sys::Array::of2(&working, &ended))).await
    })
}

/// A failure as a thrown value.
pub fn thrown(failure: Failure) -> JsValue {
    super::error::partway_error(&failure)
}

/// A defect in a conversion that cannot fail.
pub fn defect(_: impl Sized) -> JsValue {
    thrown(Failure::new(Code::Protocol, "The answer could not be handed to JavaScript; this is a defect of partway."))
}
