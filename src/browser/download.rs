//! Fetches a file's bytes from its temporary link.

use super::Boxed;
use super::fetch::Abort;
use super::fetched::Fetched;
use super::reader::Unread;
use super::transport::retry_after;
use super::wall_clock;
use crate::engine::{Bytes, Link, Outcome};
use crate::protocol;
use js_sys::Array;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit};

/// Chunks are put together into a `Blob` this often: the browser may keep a `Blob` on disk, but chunks only in memory.
const GATHER: u64 = 16 * 1024 * 1024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<JsValue, JsValue>;
}

/// Fetches the bytes behind `link`, at most `size`. No token is sent: the link itself is the permission. `moved` hears
/// how many bytes came. The `Blob` has no type, so that no browser takes it for a page.
pub fn download(link: Link, size: u64, moved: Rc<dyn Fn(u64)>) -> Boxed<'static, Outcome> {
    Box::pin(async move {
        let Some(abort) = Abort::new() else { return Outcome::NoResponse };
        let init = RequestInit::new();
        init.set_credentials(RequestCredentials::Omit);
        init.set_cache(RequestCache::NoStore);
        init.set_referrer_policy(ReferrerPolicy::NoReferrer);
        init.set_signal(Some(&abort.signal()));
        let Some(response) = Fetched::of(fetch(&link.0, &init)).await else { return Outcome::NoResponse };
        if !protocol::is_success(response.status) {
            return Outcome::Response(protocol::Response {
                status: response.status,
                retry_after: retry_after(response.header("Retry-After")),
                announced: None,
                body: Vec::new(),
                received_at: wall_clock(),
            });
        }
        let mut gathered = Gathered { blobs: Array::new(), chunks: Array::new(), waiting: 0, is_kept: true };
        let mut received = 0;
        let taken = response.read(|chunk| {
            received += u64::from(chunk.length());
            let fits = received <= size;
            if fits {
                gathered.push(&chunk);
                moved(received);
            }
            fits
        });
        match taken.await {
            Ok(()) => {}
            Err(Unread::Broken) => return Outcome::NoResponse,
            Err(Unread::TooLong) => return Outcome::TooLong,
        }
        match gathered.finish() {
            Some(blob) => Outcome::Fetched(Bytes { size: received, value: Rc::new(blob) }),
            None => Outcome::Unkept,
        }
    })
}

/// Chunks on their way into one `Blob`.
struct Gathered {
    blobs: Array,
    chunks: Array,
    /// Bytes of the chunks that are in no `Blob` yet.
    waiting: u64,
    /// Whether the browser kept all of them so far.
    is_kept: bool,
}

impl Gathered {
    fn push(&mut self, chunk: &JsValue) {
        self.chunks.push(chunk);
        self.waiting += u64::from(chunk.unchecked_ref::<js_sys::Uint8Array>().length());
        if self.waiting >= GATHER {
            self.gather();
        }
    }

    fn gather(&mut self) {
        match Blob::new_with_buffer_source_sequence(&self.chunks) {
            Ok(blob) => drop(self.blobs.push(&blob)),
            Err(_) => self.is_kept = false,
        }
        self.chunks.set_length(0);
        self.waiting = 0;
    }

    fn finish(mut self) -> Option<Blob> {
        self.gather();
        Blob::new_with_blob_sequence(&self.blobs).ok().filter(|_| self.is_kept)
    }
}
