//! `UnfinishedUpload`: what a reload, a crash or an abort left, and how to go on from there.

use super::bucket::Inner;
use super::error::{closed, partway_error};
use super::future::thrown;
use super::options::UploadOptions;
use crate::browser::Subject;
use crate::protocol::{Code, Failure, Request};
use crate::resume::Record;
use js_sys::{Function, Object, Promise, Reflect};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{AbortSignal, File};

/// An upload that nobody sends now.
pub(super) struct Waiting {
    identity: String,
    record: Record,
    /// Bytes stored.
    stored: u64,
}

/// An upload of this session that can be gone on with.
#[wasm_bindgen(skip_typescript)]
pub struct UnfinishedUpload {
    inner: Rc<Inner>,
    waiting: Rc<Waiting>,
}

impl UnfinishedUpload {
    pub(super) fn new(inner: &Rc<Inner>, waiting: Waiting) -> Self {
        Self { inner: Rc::clone(inner), waiting: Rc::new(waiting) }
    }
}

#[wasm_bindgen]
impl UnfinishedUpload {
    /// The file's key.
    #[wasm_bindgen(getter)]
    pub fn key(&self) -> String {
        self.waiting.record.key.clone()
    }

    /// The name it was given.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.waiting.record.name.clone()
    }

    /// The file's size in bytes.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.waiting.record.size as f64
    }

    /// Bytes stored.
    #[wasm_bindgen(getter)]
    pub fn stored(&self) -> f64 {
        self.waiting.stored as f64
    }

    /// When it began, in milliseconds since 1970.
    #[wasm_bindgen(getter, js_name = startedAt)]
    pub fn started_at(&self) -> f64 {
        self.waiting.record.started_at as f64
    }

    /// Goes on from the stored file handle, asking for permission if it must.
    pub fn reopen(&self, options: JsValue) -> Promise {
        let (inner, waiting) = (Rc::clone(&self.inner), Rc::clone(&self.waiting));
        future_to_promise(async move {
            let mut options = UploadOptions::parse(&options)?;
            if inner.closing.signal().aborted() {
                return Err(closed());
            }
            let handle = inner.handle(&waiting.identity).await.map_err(thrown)?;
            let file = permitted_file(&handle).await?;
            options.name = Some(waiting.record.name.clone());
            options.handle = Some(handle);
            let subject = Subject {
                file: file.clone().into(),
                name: waiting.record.name.clone(),
                modified: Some(file.last_modified().max(0.0) as u64),
                handle: None,
            };
            inner.check_same(&waiting.identity, &subject).await.map_err(thrown)?;
            Ok(inner.upload(file.into(), options)?.into())
        })
    }
}

impl Inner {
    /// What waits to be gone on with.
    pub(super) async fn unfinished(&self) -> Result<Vec<Waiting>, Failure> {
        let Some(resume) = &self.driver.resume else { return Ok(Vec::new()) };
        let taken = resume.taken().await;
        let kept = resume.store().all().await?;
        let idle = kept.into_iter().filter(|(identity, kept, _)| {
            !kept.record.is_intent() && !resume.holds(identity) && !taken.contains(identity)
        });
        let waiting = idle.map(|(identity, kept, _)| {
            let plan = crate::engine::Plan::new(kept.record.size, Some(kept.record.part_size));
            let stored = kept.tags.iter().map(|(part, _)| plan.len(*part)).sum();
            Waiting { identity, record: kept.record, stored }
        });
        Ok(waiting.collect())
    }

    /// Ends what goes on here, forgets what is kept, removes what is stored.
    pub(super) async fn forget(&self, key: &str, signal: &AbortSignal) -> Result<(), Failure> {
        if let Some(settlement) = self.driver.upload_of(key).and_then(|upload| self.driver.give_up(upload)) {
            // It only ever resolves.
            let _ = JsFuture::from(settlement).await;
            return Ok(());
        }
        let Some(resume) = &self.driver.resume else { return Ok(()) };
        let kept = resume.store().all().await?;
        let Some((identity, ..)) = kept.into_iter().find(|(_, kept, _)| kept.record.key == key) else { return Ok(()) };
        resume.store().purge(&identity).await?;
        // What cannot be removed now ends with the session.
        if self.api.call(&Request::remove(key), signal).await.is_ok() {
            self.driver.removed(key);
        }
        Ok(())
    }

    async fn handle(&self, identity: &str) -> Result<JsValue, Failure> {
        let none = || Failure::new(Code::InvalidFile, "No file handle is stored for this upload; pick the file again.");
        let resume = self.driver.resume.as_ref().ok_or_else(none)?;
        resume.store().handle(identity).await?.ok_or_else(none)
    }

    async fn check_same(&self, identity: &str, subject: &Subject) -> Result<(), Failure> {
        let changed = || Failure::new(Code::FileChanged, "The file changed since the upload began; pick it again.");
        let resume = self.driver.resume.as_ref().ok_or_else(changed)?;
        if resume.identify(subject).await? == identity { Ok(()) } else { Err(changed()) }
    }
}

/// The file behind a handle, after the permission prompt where one is needed.
async fn permitted_file(handle: &JsValue) -> Result<File, JsValue> {
    let mode = Object::new();
    Reflect::set(&mode, &"mode".into(), &"read".into())?;
    let refused = |_: JsValue| {
        let message = "The file behind the stored handle may not be read, or is gone; pick it again.";
        partway_error(&Failure::new(Code::InvalidFile, message))
    };
    let granted = |state: JsValue| state.as_string().as_deref() == Some("granted");
    if !granted(ask(handle, "queryPermission", &mode).await.map_err(refused)?)
        && !granted(ask(handle, "requestPermission", &mode).await.map_err(refused)?)
    {
        return Err(refused(JsValue::UNDEFINED));
    }
    ask(handle, "getFile", &mode).await.map_err(refused)?.dyn_into().map_err(refused)
}

async fn ask(handle: &JsValue, method: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let method: Function = Reflect::get(handle, &method.into())?.dyn_into()?;
    let given = method.call1(handle, argument)?;
    JsFuture::from(Promise::resolve(&given)).await
}
