//! A file to upload, as the caller gives it.

use super::observer::UploadObserver;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::Blob;

/// A file to upload.
#[derive(Clone)]
pub struct UploadRequest {
    /// The file.
    pub source: Rc<SourceFile>,
    /// Whether no other file's name is like this one: it holds a nonce.
    pub unique_name: bool,
    /// Whether somebody wants to know how far each part is.
    pub wants_progress: bool,
    /// Who follows the upload.
    pub observer: Rc<dyn UploadObserver>,
}

/// A file, as its parts and its identity need it.
pub struct SourceFile {
    /// Its bytes.
    pub file: Blob,
    /// How many. Asked once: the browser may have to ask another process.
    pub size: u64,
    /// Its name.
    pub name: String,
    /// Its last modification, milliseconds since 1970, where known.
    pub modified: Option<u64>,
    /// Through what it was picked, where that can be stored.
    pub handle: Option<JsValue>,
}
