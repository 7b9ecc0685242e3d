//! Fetches a file's bytes from its temporary link.

use super::fetch::connection_failed;
use super::patience::Patience;
use super::reader::{Unread, read};
use crate::protocol::{Code, Failure};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit, Response};

/// Chunks are put together into a `Blob` this often: the browser may keep a `Blob` on disk, but chunks only in memory.
const GATHER: u64 = 16 * 1024 * 1024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(url: &str, init: &RequestInit) -> js_sys::Promise;
}

/// Fetches the bytes behind `link`, which must be `size` many, and gives up after `stall` milliseconds without one. No
/// token is sent: the link itself is the permission. `received` is called with the bytes received so far. The `Blob`
/// has no type, so that no browser takes it for a page.
///
/// # Errors
/// `integrity` where it is another number of bytes; nothing beyond `size` is received.
pub async fn download(
    link: &str,
    size: u64,
    stall: u64,
    signal: &AbortSignal,
    received: &dyn Fn(u64),
) -> Result<Blob, Failure> {
    let Some(patience) = Patience::new(stall, signal) else { return Err(Failure::stalled(stall)) };
    let heard = |count| {
        patience.heard(count);
        received(count);
    };
    patience.judge(receive(link, size, &patience.signal(), heard).await)
}

async fn receive(link: &str, size: u64, signal: &AbortSignal, received: impl Fn(u64)) -> Result<Blob, Failure> {
    let init = RequestInit::new();
    init.set_credentials(RequestCredentials::Omit);
    init.set_cache(RequestCache::NoStore);
    init.set_referrer_policy(ReferrerPolicy::NoReferrer);
    init.set_signal(Some(signal));
    let response = JsFuture::from(fetch(link, &init)).await.map_err(|_| connection_failed())?;
    let response: Response = response.dyn_into().map_err(|_| connection_failed())?;
    if !response.ok() {
        let failure = Failure::from_status(response.status(), None);
        // No token went there: it is the link that was refused.
        return Err(if failure.code == Code::Unauthorized { Failure::from_status(403, None) } else { failure });
    }
    let (blobs, chunks) = (Array::new(), Array::new());
    let (mut count, mut gathered) = (0, 0);
    let taken = read(response.body(), |chunk| {
        count += u64::from(chunk.length());
        gathered += u64::from(chunk.length());
        chunks.push(&chunk);
        if gathered >= GATHER {
            gathered = 0;
            gather(&chunks, &blobs);
        }
        let fits = count <= size;
        if fits {
            received(count);
        }
        fits
    });
    match taken.await {
        Ok(()) if count == size => {}
        Ok(()) | Err(Unread::TooLong) => {
            return Err(Failure::new(Code::Integrity, "The download is not as many bytes as the bucket says."));
        }
        Err(Unread::Broken) => return Err(connection_failed()),
    }
    gather(&chunks, &blobs);
    Blob::new_with_blob_sequence(&blobs)
        .map_err(|_| Failure::new(Code::Integrity, "The browser could not keep the downloaded bytes."))
}

fn gather(chunks: &Array, blobs: &Array) {
    if let Ok(blob) = Blob::new_with_buffer_source_sequence(chunks) {
        blobs.push(&blob);
        chunks.set_length(0);
    }
}
