//! The bytes that tell a file from another of its name and size.

use crate::protocol::{Code, Failure};
use crate::resume::SAMPLE;
use js_sys::Uint8Array;
use std::ops::Range;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// The first, middle and last bytes of `file`, at most [`SAMPLE`] each; all of it where it is no longer than three of
/// them.
///
/// # Errors
/// `file-changed` where the file cannot be read any more.
pub async fn sample(file: &Blob) -> Result<Vec<u8>, Failure> {
    let size = file.size() as u64;
    if size <= 3 * SAMPLE {
        return read(file, 0..size).await;
    }
    let middle = (size - SAMPLE) / 2;
    let mut bytes = read(file, 0..SAMPLE).await?;
    for start in [middle, size - SAMPLE] {
        bytes.extend(read(file, start..start + SAMPLE).await?);
    }
    Ok(bytes)
}

async fn read(file: &Blob, range: Range<u64>) -> Result<Vec<u8>, Failure> {
    let changed = || Failure::new(Code::FileChanged, "The file changed or can no longer be read; pick it again.");
    let slice =
        file.slice_with_f64_and_f64(range.start as f64, range.end as f64).map_err(|_| changed())?.array_buffer();
    let bytes = Uint8Array::new(&JsFuture::from(slice).await.map_err(|_| changed())?).to_vec();
    // A file that was cut short may read as less, without an error.
    if bytes.len() as u64 == range.end - range.start { Ok(bytes) } else { Err(changed()) }
}
