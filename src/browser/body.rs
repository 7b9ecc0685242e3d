//! A part's bytes, as a request's body.

use super::native::{buffer, whole_buffer};
use super::property::get;
use crate::engine::{Bytes, Outcome};
use crate::text::holds;
use std::ops::Range;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::Blob;

/// Bytes of a file.
pub struct PartSource {
    /// The file.
    pub file: Blob,
    /// Its size in bytes.
    pub size: u64,
    /// The bytes.
    pub range: Range<u64>,
    /// A buffer of the same bytes, where they were read already.
    pub read: Option<JsValue>,
}

impl PartSource {
    fn slice(&self, end: u64) -> Option<Blob> {
        self.file.slice_with_f64_and_f64(self.range.start as f64, end as f64).ok()
    }
}

/// The bytes of `part`: what was read of them already; the file itself if they are all of it; else a slice, which the
/// browser reads as it sends. `None` if the file cannot be read.
///
/// WebKit never finishes a request whose body is a slice of a file on disk, so there, and only there, the slice is
/// first read into JavaScript's memory. In other browsers that would cost time and memory for nothing.
pub async fn part_body(part: &PartSource) -> Option<JsValue> {
    if part.read.is_some() {
        return part.read.clone();
    }
    let is_whole = part.range.start == 0 && part.range.end == part.size;
    let slice = if is_whole { part.file.clone() } else { part.slice(part.range.end)? };
    if !is_webkit() {
        return Some(slice.into());
    }
    buffer(&slice).await
}

/// Looks whether `part` can be read, or reads all of it.
pub async fn peek(part: &PartSource, whole: bool) -> Outcome {
    if !whole {
        return Outcome::Readable(is_readable(part).await);
    }
    let size = part.range.end - part.range.start;
    let Some(slice) = part.slice(part.range.end) else { return Outcome::Readable(false) };
    match whole_buffer(&slice, size).await {
        Some(read) => Outcome::ReadWhole(Bytes { size, value: Rc::new(read) }),
        None => Outcome::Readable(false),
    }
}

/// Whether the first byte of `part` can be read; of an empty part, the file.
async fn is_readable(part: &PartSource) -> bool {
    // A slice of nothing is read without a look at the file; and a file that is gone says that it is empty.
    let slice = if part.range.is_empty() { Some(part.file.clone()) } else { part.slice(part.range.start + 1) };
    let Some(slice) = slice else { return false };
    buffer(&slice).await.is_some()
}

/// Whether this is Safari's engine. No feature tells: the hang shows only after the file was sent.
fn is_webkit() -> bool {
    let agent = get(&get(&js_sys::global(), "navigator"), "userAgent").as_string().unwrap_or_default();
    holds(&agent, "AppleWebKit/") && !holds(&agent, "Chrome/") && !holds(&agent, "Chromium/")
}
