//! Reads a list of files without holding the page up.

use super::Boxed;
use super::time_slice::{TimeSlice, give_way};
use crate::engine::Outcome;
use crate::protocol::FileList;

/// Reads `body`, the answer to `GET /buckets`.
pub fn decode(body: Vec<u8>) -> Boxed<'static, Outcome> {
    Box::pin(async move {
        give_way().await;
        let (mut files, mut slice) = (Vec::new(), TimeSlice::begin());
        for info in FileList::new(&body) {
            match info {
                Ok(info) => files.push(info),
                Err(failure) => return Outcome::Listed(Err(failure)),
            }
            slice.give_way().await;
        }
        Outcome::Listed(Ok(files))
    })
}
