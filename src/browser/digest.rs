//! What the bytes of a part are, by their digest.

use super::body::PartSource;
use super::deferred::Deferred;
use super::native::{bytes, whole_buffer};
use super::property::{call, get};
use crate::resume::Digest;
use js_sys::{Array, Uint8Array};
use sha2::{Digest as _, Sha256};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Bytes that are read, and digested, at a time: however long a part is, so much of it is in memory.
const BLOCK: u64 = 4 * 1024 * 1024;

/// The [`Digest`] of a part's bytes. `None` if they cannot be read.
pub async fn digest(part: &PartSource) -> Option<Digest> {
    let mut all = Sha256::new();
    let mut start = part.range.start;
    while start < part.range.end {
        let end = part.range.end.min(start + BLOCK);
        let slice = part.file.slice_with_f64_and_f64(start as f64, end as f64).ok()?;
        let block = whole_buffer(&slice, end - start).await?;
        all.update(digest_of(&block).await?);
        start = end;
    }
    Some(all.finalize().into())
}

/// SHA-256 of a buffer: by the browser, off this thread, or here where the page is no secure one.
async fn digest_of(block: &JsValue) -> Option<Vec<u8>> {
    let subtle = get(&get(&js_sys::global(), "crypto"), "subtle");
    let asked = call(&subtle, "digest", &Array::of2(&JsValue::from_str("SHA-256"), block));
    if let Ok(asked) = asked
        && let Ok(digest) = JsFuture::from(Deferred::of(&asked)).await
        && let Some(digest) = bytes(&digest).filter(|digest| digest.length() == 32)
    {
        return Some(digest.to_vec());
    }
    let mut here = Sha256::new();
    let block = bytes(block)?;
    for start in (0..block.length()).step_by(1 << 16) {
        here.update(Uint8Array::subarray(&block, start, block.length().min(start + (1 << 16))).to_vec());
    }
    Some(here.finalize().to_vec())
}
