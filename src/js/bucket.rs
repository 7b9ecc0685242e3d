//! `Bucket`: a session's files.

use super::entry::{FileEntry, rules_to_js};
use super::error::{closed, invalid_option, partway_error};
use super::future::{promise, thrown};
use super::observer::{Observer, call};
use super::options::{CallOptions, UploadOptions};
use super::unfinished::UnfinishedUpload;
use super::upload::Upload;
use crate::browser::{Api, Driver, Job, Listener, Subject, Turn, download, kind};
use crate::engine::Event;
use crate::names::{NameFields, Scheme, SessionNames};
use crate::protocol::{Code, Failure, FileInfo, FileList, Request, check_key, file_info, link};
use js_sys::{Array, JsString, Promise};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal, Blob, File};

/// A session's bucket.
#[wasm_bindgen(skip_typescript)]
pub struct Bucket {
    inner: Rc<Inner>,
}

/// What a bucket's handles share.
pub(super) struct Inner {
    pub api: Rc<Api>,
    pub driver: Rc<Driver>,
    pub names: SessionNames,
    /// How new names are written.
    pub scheme: Scheme,
    pub name_strength: f64,
    /// Ends every call when the bucket is closed.
    pub closing: AbortController,
}

impl Bucket {
    pub(super) fn new(inner: Inner) -> Self {
        Self { inner: Rc::new(inner) }
    }

    /// A promise of what `work` gives, which ends with the caller's signal and the bucket.
    fn run<F>(
        &self,
        options: Result<CallOptions, JsValue>,
        work: impl FnOnce(Rc<Inner>, AbortSignal) -> F + 'static,
    ) -> Promise
    where
        F: Future<Output = Result<JsValue, JsValue>> + 'static,
    {
        let inner = Rc::clone(&self.inner);
        match options {
            Ok(options) => {
                promise(options.signal, &self.inner.closing.signal(), move |signal| Box::pin(work(inner, signal)))
            }
            Err(error) => Promise::reject(&error),
        }
    }
}

#[wasm_bindgen]
impl Bucket {
    /// Every file of the bucket.
    pub fn list(&self, options: JsValue) -> Promise {
        self.run(CallOptions::parse(&options), async move |inner, signal| {
            let answer = inner.api.call(&Request::list(), &signal).await.map_err(thrown)?;
            Turn::end(&signal).await;
            let (mut files, mut turn) = (Vec::new(), Turn::begin());
            for info in FileList::new(&answer) {
                files.push(info.map_err(thrown)?);
                turn.give_way(&signal).await;
            }
            inner.driver.clear_strays(&mut files);
            let sizes = files.iter().filter_map(|info| Some((info.file_key.clone()?, info.size())));
            inner.driver.listed(sizes);
            let list = Array::new();
            for info in files {
                if let Some(entry) = inner.entry(info) {
                    list.push(&entry.to_js()?);
                }
                turn.give_way(&signal).await;
            }
            Ok(list.into())
        })
    }

    /// One file's entry.
    pub fn file(&self, key: JsValue, options: JsValue) -> Promise {
        self.run(CallOptions::parse(&options), async move |inner, signal| {
            let key = parse_key(&key)?;
            inner.file(&key, &signal).await.map_err(thrown)?.to_js()
        })
    }

    /// Queues the file and returns at once.
    pub fn upload(&self, file: JsValue, options: JsValue) -> Result<Upload, JsValue> {
        if self.inner.closing.signal().aborted() {
            return Err(closed());
        }
        let Some(blob) = file.dyn_ref::<Blob>() else {
            let message = format!("The file must be a File or Blob, but it is {}.", kind(&file));
            return Err(partway_error(&Failure::new(Code::InvalidFile, message)));
        };
        let options = UploadOptions::parse(&options)?;
        self.inner.upload(blob.clone(), options)
    }

    /// Uploads of this session that were begun and not finished, and that no page sends now.
    pub fn unfinished(&self) -> Promise {
        self.run(Ok(CallOptions::default()), async move |inner, _| {
            let waiting = inner.unfinished().await.map_err(thrown)?;
            let made = waiting.into_iter().map(|found| JsValue::from(UnfinishedUpload::new(&inner, found)));
            Ok(made.collect::<Array>().into())
        })
    }

    /// Forgets an unfinished upload and, where it can, removes it from the bucket.
    pub fn forget(&self, key: JsValue) -> Promise {
        self.run(Ok(CallOptions::default()), async move |inner, signal| {
            let key = parse_key(&key)?;
            inner.forget(&key, &signal).await.map_err(thrown)?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// The temporary pre-signed link of a file.
    #[wasm_bindgen(js_name = downloadUrl)]
    pub fn download_url(&self, key: JsValue, options: JsValue) -> Promise {
        self.run(CallOptions::parse(&options), async move |inner, signal| {
            let key = parse_key(&key)?;
            Ok(inner.link(&key, &signal).await.map_err(thrown)?.into())
        })
    }

    /// A file's bytes.
    pub fn download(&self, key: JsValue, options: JsValue) -> Promise {
        let (options, on_progress) = match CallOptions::parse_download(&options) {
            Ok(mut options) => {
                let on_progress = options.on_progress.take();
                (Ok(options), on_progress)
            }
            Err(error) => (Err(error), None),
        };
        self.run(options, async move |inner, signal| {
            let key = parse_key(&key)?;
            let size = match inner.driver.size_of(&key) {
                Some(size) => size,
                None => inner.file(&key, &signal).await.map_err(thrown)?.size,
            };
            let most = Cell::new(0);
            let received = |received: u64| {
                if let Some(callback) =
                    on_progress.as_ref().filter(|_| received > most.replace(received.max(most.get())))
                {
                    call(callback, &Array::of2(&(received as f64).into(), &(size as f64).into()));
                }
            };
            let link = inner.link(&key, &signal).await.map_err(thrown)?;
            let attempt = async || download(&link, size, inner.api.stall, &signal, &received).await;
            inner.api.again(attempt, &signal).await.map(JsValue::from).map_err(thrown)
        })
    }

    /// Removes a file.
    pub fn remove(&self, key: JsValue, options: JsValue) -> Promise {
        self.run(CallOptions::parse(&options), async move |inner, signal| {
            let key = parse_key(&key)?;
            match inner.api.call(&Request::remove(&key), &signal).await {
                // It was there. Browsers send again what a reused connection lost: this may be the second answer.
                Err(failure) if failure.code == Code::NotFound && inner.driver.size_of(&key).is_some() => {}
                result => drop(result.map_err(thrown)?),
            }
            inner.driver.removed(&key);
            Ok(JsValue::UNDEFINED)
        })
    }

    /// The session's rules.
    pub fn rules(&self, options: JsValue) -> Promise {
        self.run(CallOptions::parse(&options), async move |inner, signal| {
            // Shared with the uploads that wait for them: the caller's signal ends only the caller's own wait.
            drop(signal);
            rules_to_js(&inner.api.rules(&inner.closing.signal()).await.map_err(thrown)?)
        })
    }

    /// Upper bound of what the session ID can hide, in bits.
    #[wasm_bindgen(getter, js_name = nameStrength)]
    pub fn name_strength(&self) -> f64 {
        self.inner.name_strength
    }

    /// Aborts what runs and keeps what is stored. Every later call fails with `closed`.
    pub fn close(&self) {
        if !self.inner.closing.signal().aborted() {
            self.inner.driver.abort_all();
            self.inner.closing.abort();
        }
    }
}

impl Inner {
    fn entry(&self, info: FileInfo) -> Option<FileEntry> {
        let key = info.file_key.clone()?;
        let entry = FileEntry::read(info, key, &self.names);
        Some(entry)
    }

    async fn file(&self, key: &str, signal: &AbortSignal) -> Result<FileEntry, Failure> {
        let answer = self.api.call(&Request::file(key), signal).await?;
        let mut info = file_info(&answer)?;
        if info.file_key.as_deref().is_some_and(|answered| answered != key) {
            return Err(Failure::protocol("it speaks of another file"));
        }
        info.file_key = Some(key.to_owned());
        let entry = self.entry(info).ok_or_else(|| Failure::protocol("it names no file"))?;
        self.driver.holds(key, entry.size);
        Ok(entry)
    }

    async fn link(&self, key: &str, signal: &AbortSignal) -> Result<String, Failure> {
        let link = link(&self.api.call(&Request::download(key), signal).await?)?;
        if !self.api.endpoint.trusts_link(&link) {
            return Err(Failure::protocol("its link is not https, or not a link at all"));
        }
        Ok(link)
    }

    pub(super) fn upload(self: &Rc<Self>, blob: Blob, options: UploadOptions) -> Result<Upload, JsValue> {
        let file = blob.dyn_ref::<File>();
        let name = options.name.or_else(|| file.map(File::name)).filter(|name| !name.is_empty()).ok_or_else(|| {
            partway_error(&Failure::new(Code::InvalidFile, "The file has no name; give one in the option `name`."))
        })?;
        let size = blob.size();
        let fields = NameFields {
            size: Some(size as u64),
            mime: Some(blob.type_()).filter(|mime| !mime.is_empty()),
            modified: file.map(|file| file.last_modified().max(0.0) as u64),
        };
        let sealed = self.seal(&name, &fields)?;
        let mut entry = FileEntry {
            key: String::new(),
            name: Some(name.clone()),
            name_scheme: Some(self.scheme.as_str()),
            name_authenticated: self.scheme.authenticates(),
            mime: None,
            size_matches: None,
            size: size as u64,
            parts: 0,
            completed: true,
            creator: None,
        };
        if self.scheme == Scheme::Partway {
            entry.set_fields(&fields);
        }
        let observer = Rc::new(Observer::new(options.on_progress, options.on_state, entry));
        let watch = Rc::clone(&observer);
        let subject = Subject { file: blob, name: name.clone(), modified: fields.modified, handle: options.handle };
        let id = self.driver.pick(Job { subject, sealed, findable: self.scheme != Scheme::Plain, watch });
        if let Some(signal) = options.signal {
            let driver = Rc::downgrade(&self.driver);
            let abort = move || {
                if let Some(driver) = driver.upgrade() {
                    driver.tell(Event::Abort { upload: id, keep: false });
                }
            };
            if signal.aborted() {
                abort();
            } else {
                *observer.aborting.borrow_mut() = Some(Listener::new(&signal, "abort", move |_| abort()));
            }
        }
        Ok(Upload { driver: Rc::clone(&self.driver), observer, id, name, size })
    }

    fn seal(&self, name: &str, fields: &NameFields) -> Result<String, JsValue> {
        self.names
            .write(self.scheme, name, fields, &mut getrandom::fill)
            .map_err(|error| partway_error(&Failure::new(Code::InvalidFile, format!("The file's name: {error}."))))
    }
}

fn parse_key(value: &JsValue) -> Result<String, JsValue> {
    let text = value.dyn_ref::<JsString>().filter(|text| text.is_valid_utf16()).map(String::from);
    let Some(key) = text else { return Err(invalid_option("key", "must be a string", value)) };
    check_key(&key).map_err(|why| partway_error(&Failure::new(Code::InvalidOption, format!("key: {why}."))))?;
    Ok(key)
}
