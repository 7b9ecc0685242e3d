//! What tells a file from another of its name and size: some of its bytes.

use super::Boxed;
use super::native::buffer;
use super::store::EARLIER;
use super::upload_request::SourceFile;
use crate::engine::{Identity, Sample};
use crate::resume::{Facts, ResumeKey, SAMPLE};
use js_sys::Uint8Array;
use std::ops::Range;
use web_sys::Blob;

/// The file's identity, made of its facts and its sample; and the one it had in the version before, which counted the
/// date. `None` if the file cannot be read.
pub fn identify<'a>(key: &'a ResumeKey, source: &'a SourceFile) -> Boxed<'a, Option<Sample>> {
    Box::pin(async move {
        let SourceFile { file, size, name, modified, .. } = source;
        let sample = sample(file, *size).await?;
        let identity = |modified| key.identity(&Facts { name, size: *size, modified, sample: &sample });
        let earlier = Identity([EARLIER, &identity(*modified)].concat());
        Some(Sample { identity: Identity(identity(None)), earlier })
    })
}

/// The first, middle and last bytes of `file`, at most [`SAMPLE`] each; all of it where it is no longer than three of
/// them. `None` if the file cannot be read.
pub async fn sample(file: &Blob, size: u64) -> Option<Vec<u8>> {
    if size <= 3 * SAMPLE {
        return read(file, 0..size).await;
    }
    let middle = (size - SAMPLE) / 2;
    let mut bytes = Vec::with_capacity(3 * SAMPLE as usize);
    for start in [0, middle, size - SAMPLE] {
        bytes.extend(read(file, start..start + SAMPLE).await?);
    }
    Some(bytes)
}

async fn read(file: &Blob, range: Range<u64>) -> Option<Vec<u8>> {
    let slice = file.slice_with_f64_and_f64(range.start as f64, range.end as f64).ok()?;
    let bytes = Uint8Array::new(&buffer(&slice).await?).to_vec();
    // A file that was cut short may read as less, without an error.
    (bytes.len() as u64 == range.end - range.start).then_some(bytes)
}
