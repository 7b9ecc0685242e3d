//! Reads an answer's stream, and no further than asked.

use super::Deferred;
use super::native::bytes;
use super::property::{call, dictionary, get};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Why a stream was not read to its end.
pub enum Unread {
    /// It broke off.
    Broken,
    /// Whoever took its chunks wants no more.
    TooLong,
}

/// Gives each chunk of `stream` to `take` until it ends or `take` refuses. What is left then is received only until
/// the request is dropped.
pub async fn read(stream: &JsValue, take: &mut dyn FnMut(Uint8Array) -> bool) -> Result<(), Unread> {
    // WebKit's own code looks for options that it was not given.
    let reader = call(stream, "getReader", &Array::of1(&dictionary())).map_err(|_| Unread::Broken)?;
    loop {
        let chunk = call(&reader, "read", &Array::new()).map_err(|_| Unread::Broken)?;
        let chunk = JsFuture::from(Deferred::of(&chunk)).await.map_err(|_| Unread::Broken)?;
        if get(&chunk, "done").is_truthy() {
            return Ok(());
        }
        if !take(bytes(&get(&chunk, "value")).ok_or(Unread::Broken)?) {
            return Err(Unread::TooLong);
        }
    }
}
