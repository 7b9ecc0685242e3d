//! Reads an answer's stream, and no further than asked.

use super::property::get;
use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader};

/// Why a stream was not read to its end.
pub enum Unread {
    /// It broke off.
    Broken,
    /// Whoever took its chunks wants no more.
    TooLong,
}

/// Gives each chunk of `stream` to `take` until it ends or `take` refuses. What is left then is received only until
/// the request is dropped.
pub async fn read(stream: Option<ReadableStream>, mut take: impl FnMut(Uint8Array) -> bool) -> Result<(), Unread> {
    let Some(stream) = stream else { return Ok(()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(|_| Unread::Broken)?;
        if get(&chunk, "done").is_truthy() {
            return Ok(());
        }
        if !take(get(&chunk, "value").unchecked_into()) {
            return Err(Unread::TooLong);
        }
    }
}
