//! A part's bytes, as a request's body.

use crate::protocol::{Code, Failure};
use js_sys::Reflect;
use std::ops::Range;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// The bytes `range` of `file`: the file itself if `range` covers all of it, else a slice, which the browser reads as
/// it sends.
///
/// WebKit never finishes a request whose body is a slice of a file on disk, so there, and only there, the slice is
/// first read into JavaScript's memory. In other browsers that would cost time and memory for nothing.
///
/// # Errors
/// `file-changed` where the file cannot be read any more.
pub async fn part_body(file: &Blob, range: Range<u64>) -> Result<JsValue, Failure> {
    let whole = range.start == 0 && range.end as f64 == file.size();
    let slice = if whole {
        file.clone()
    } else {
        file.slice_with_f64_and_f64(range.start as f64, range.end as f64).map_err(unreadable)?
    };
    if !is_webkit() {
        return Ok(slice.into());
    }
    JsFuture::from(slice.array_buffer()).await.map_err(unreadable)
}

/// Reads one byte of `range`, to tell a file that cannot be read from a connection that fails.
///
/// # Errors
/// `file-changed` where the file cannot be read any more.
pub async fn check_readable(file: &Blob, range: Range<u64>) -> Result<(), Failure> {
    let end = (range.start + 1).min(range.end);
    // A slice of nothing is read without a look at the file; and a file that is gone says that it is empty.
    let slice = if range.is_empty() {
        file.clone()
    } else {
        file.slice_with_f64_and_f64(range.start as f64, end as f64).map_err(unreadable)?
    };
    JsFuture::from(slice.array_buffer()).await.map(drop).map_err(unreadable)
}

fn unreadable(_: JsValue) -> Failure {
    Failure::new(Code::FileChanged, "The file changed or can no longer be read; pick it again.")
}

/// Whether this is Safari's engine. No feature tells: the hang shows only after the file was sent.
fn is_webkit() -> bool {
    let get = |object: &JsValue, key: &str| Reflect::get(object, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED);
    let agent = get(&get(&js_sys::global(), "navigator"), "userAgent").as_string().unwrap_or_default();
    agent.contains("AppleWebKit/") && !agent.contains("Chrome/") && !agent.contains("Chromium/")
}
