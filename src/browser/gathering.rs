//! What has come of a download: `Blob`s, and the newest chunks, which become one in their turn.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::Blob;

/// Chunks become a `Blob` this often: the browser may keep a `Blob` on disk, but chunks only in memory.
const GATHER: u64 = 16 * 1024 * 1024;

/// The first bytes of a file.
#[derive(Default)]
pub struct Gathering {
    blobs: Array,
    chunks: Array,
    /// Bytes of the chunks.
    waiting: u64,
    size: u64,
    /// What names the copy of the file that they are of, where the page may know.
    pub copy: Option<String>,
}

impl Gathering {
    /// How many bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What comes now begins at `start`: at the end of what is here, or else at the file's first byte.
    pub fn begin(&mut self, start: u64) {
        if start < self.size {
            *self = Self::default();
        }
    }

    /// Adds a buffer or a `Blob` of so many bytes. Says whether the browser could keep it.
    pub fn push(&mut self, chunk: &JsValue, bytes: u64) -> bool {
        self.chunks.push(chunk);
        self.waiting += bytes;
        self.size += bytes;
        self.waiting < GATHER || self.gather()
    }

    fn gather(&mut self) -> bool {
        // A `Blob` has no type, so that no browser takes it for a page.
        let Ok(blob) = Blob::new_with_buffer_source_sequence(&self.chunks) else { return false };
        self.blobs.push(&blob);
        self.chunks.set_length(0);
        self.waiting = 0;
        true
    }

    /// All of it, where the browser could keep it.
    pub fn blob(&mut self) -> Option<Blob> {
        if self.gather() { Blob::new_with_blob_sequence(&self.blobs).ok() } else { None }
    }
}
