//! `UnfinishedUpload`: what a reload, a crash or an abort left, and how to resume it.

use super::bucket::{Inner, source_file};
use super::error::{closed, refused, thrown};
use super::options::UploadOptions;
use crate::browser::{Deferred, Native, blob, dictionary, get, set, spawn};
use crate::engine::Unfinished;
use crate::protocol::Code;
use js_sys::{Function, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// An upload of this session that can be gone on with.
#[wasm_bindgen(skip_typescript)]
pub struct UnfinishedUpload {
    inner: Rc<Inner>,
    found: Rc<Unfinished>,
}

impl UnfinishedUpload {
    pub(super) fn new(inner: &Rc<Inner>, found: Unfinished) -> Self {
        Self { inner: Rc::clone(inner), found: Rc::new(found) }
    }
}

#[wasm_bindgen]
impl UnfinishedUpload {
    /// The file's key.
    #[wasm_bindgen(getter)]
    pub fn key(&self) -> String {
        self.found.record.key.clone()
    }

    /// The name it was given.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.found.record.name.clone()
    }

    /// The file's size in bytes.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.found.record.size as f64
    }

    /// Bytes stored.
    #[wasm_bindgen(getter)]
    pub fn stored(&self) -> f64 {
        self.found.stored as f64
    }

    /// When it began, in milliseconds since 1970.
    #[wasm_bindgen(getter, js_name = startedAt)]
    pub fn started_at(&self) -> f64 {
        self.found.record.started_at as f64
    }

    /// Goes on from the stored file handle, asking for permission if it must.
    pub fn reopen(&self, options: JsValue) -> Promise {
        let (inner, found) = (Rc::clone(&self.inner), Rc::clone(&self.found));
        let reopened = Deferred::new();
        let promise = reopened.promise();
        spawn(async move { reopened.settle(reopen(&inner, &found, &options).await) });
        promise
    }
}

async fn reopen(inner: &Rc<Inner>, found: &Unfinished, options: &JsValue) -> Result<JsValue, JsValue> {
    let options = UploadOptions::parse(options)?;
    check_open(inner)?;
    let handle = inner.driver.stored_handle(&found.identity).await.map_err(thrown)?;
    let handle = handle.ok_or_else(|| {
        let message = "No file handle is stored for this upload; pick the file again.";
        refused(Code::InvalidFile, message)
    })?;
    let file = permitted_file(&handle).await?;
    let Some(bytes) = blob(&file) else { return Err(unreadable(file)) };
    let source = source_file(&Native::class("File"), &file, bytes, found.record.name.clone(), Some(handle));
    if !inner.driver.is_identified(&source, &found.identity).await {
        let message = "The file changed since the upload began; pick it again.";
        return Err(refused(Code::FileChanged, message));
    }
    check_open(inner)?;
    Ok(inner.upload(source, options)?.into())
}

fn check_open(inner: &Inner) -> Result<(), JsValue> {
    if inner.closed.get() { Err(closed()) } else { Ok(()) }
}

/// The file behind a handle, after the permission prompt where one is needed.
async fn permitted_file(handle: &JsValue) -> Result<JsValue, JsValue> {
    let mode = dictionary();
    set(&mode, "mode", &"read".into());
    if !is_granted(handle, "queryPermission", &mode).await? && !is_granted(handle, "requestPermission", &mode).await? {
        return Err(unreadable(JsValue::UNDEFINED));
    }
    ask(handle, "getFile", &mode).await.map_err(unreadable)
}

/// Whether the handle grants `mode`. A private file's need not have the method: it needs no permission.
async fn is_granted(handle: &JsValue, method: &'static str, mode: &JsValue) -> Result<bool, JsValue> {
    if !get(handle, method).is_function() {
        return Ok(true);
    }
    let state = ask(handle, method, mode).await.map_err(unreadable)?;
    Ok(state.as_string().as_deref() == Some("granted"))
}

fn unreadable(_: JsValue) -> JsValue {
    let message = "The file behind the stored handle may not be read, or is gone; pick it again.";
    refused(Code::InvalidFile, message)
}

async fn ask(handle: &JsValue, method: &'static str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let method: Function = get(handle, method).dyn_into()?;
    let given = method.call1(handle, argument)?;
    JsFuture::from(Deferred::of(&given)).await
}
