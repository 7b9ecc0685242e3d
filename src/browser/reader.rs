//! Reads an answer's stream, and no further than asked.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader};

/// Why a stream was not read to its end.
pub enum Unread {
    /// It broke off.
    Broken,
    /// Whoever took its chunks wants no more.
    TooLong,
}

/// Gives each chunk of `stream` to `take` until it ends or `take` refuses; what is left then is never received.
pub async fn read(stream: Option<ReadableStream>, mut take: impl FnMut(Uint8Array) -> bool) -> Result<(), Unread> {
    let Some(stream) = stream else { return Ok(()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(|_| Unread::Broken)?;
        if get(&chunk, "done").is_truthy() {
            return Ok(());
        }
        if !take(get(&chunk, "value").unchecked_into()) {
            // Not awaited: nobody needs to know when the connection is gone.
            drop(reader.cancel());
            return Err(Unread::TooLong);
        }
    }
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED)
}
