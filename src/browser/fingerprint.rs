//! What tells a file from another of its name and size: some of its bytes.

use super::Boxed;
use super::native::whole_buffer;
use super::store::EARLIER;
use super::upload_request::SourceFile;
use crate::engine::{Bytes, Identity};
use crate::resume::{Facts, ResumeKey, SAMPLE};
use js_sys::Uint8Array;
use std::ops::Range;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::Blob;

/// Which file it is, by its facts and its sample; and all its bytes, a buffer, where the sample is all of them. `None`
/// if it cannot be read.
pub fn identify<'a>(key: &'a ResumeKey, source: &'a SourceFile) -> Boxed<'a, Option<(Identity, Option<Bytes>)>> {
    Box::pin(async move {
        let (identity, read) = identity(key, source, None).await?;
        let read = read.map(|buffer| Bytes { size: source.size, value: Rc::new(buffer) });
        Some((Identity(identity), read))
    })
}

/// The identity that it had in the version before, which counted the date.
pub fn identify_earlier<'a>(key: &'a ResumeKey, source: &'a SourceFile) -> Boxed<'a, Option<Identity>> {
    Box::pin(async move {
        let (identity, _) = identity(key, source, source.modified).await?;
        Some(Identity([EARLIER, &identity].concat()))
    })
}

async fn identity(key: &ResumeKey, source: &SourceFile, modified: Option<u64>) -> Option<(String, Option<JsValue>)> {
    let SourceFile { file, size, name, .. } = source;
    let (sample, read) = sample(file, *size).await?;
    Some((key.identity(&Facts { name, size: *size, modified, sample: &sample }), read))
}

/// The first, middle and last bytes of `file`, at most [`SAMPLE`] each; all of it where it is no longer than three of
/// them, and then their buffer too. `None` if the file cannot be read.
pub async fn sample(file: &Blob, size: u64) -> Option<(Vec<u8>, Option<JsValue>)> {
    if size <= 3 * SAMPLE {
        return read(file, 0..size).await.map(|(bytes, buffer)| (bytes, Some(buffer)));
    }
    let middle = (size - SAMPLE) / 2;
    let mut bytes = Vec::with_capacity(3 * SAMPLE as usize);
    for start in [0, middle, size - SAMPLE] {
        bytes.extend(read(file, start..start + SAMPLE).await?.0);
    }
    Some((bytes, None))
}

async fn read(file: &Blob, range: Range<u64>) -> Option<(Vec<u8>, JsValue)> {
    let slice = file.slice_with_f64_and_f64(range.start as f64, range.end as f64).ok()?;
    let buffer = whole_buffer(&slice, range.end - range.start).await?;
    Some((Uint8Array::new(&buffer).to_vec(), buffer))
}
