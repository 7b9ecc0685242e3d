//! `Bucket`: a session's files.

use super::call::PendingCall;
use super::entry::{FileEntry, sealed_fields};
use super::error::{abort_error, closed, invalid_option, partway_error, refused, wrong};
use super::observer::Observer;
use super::options::{CallOptions, UploadOptions};
use super::upload::Upload;
use crate::browser::{Driver, Native, SourceFile, UploadRequest, blob, kind};
use crate::engine::{Call, Engine, Event, FileName};
use crate::names::{NameError, Scheme, SessionNames, check_length};
use crate::protocol::{Code, Failure, FileInfo, check_key};
use js_sys::{JsString, Promise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, Blob};

/// A session's bucket.
#[wasm_bindgen(skip_typescript)]
pub struct Bucket {
    inner: Rc<Inner>,
}

/// What a bucket's handles share.
pub(super) struct Inner {
    /// Only looked at: what is told to it goes through the driver.
    pub engine: Rc<RefCell<Engine>>,
    pub driver: Rc<Driver>,
    pub names: Rc<SessionNames>,
    /// How new names are written.
    pub scheme: Scheme,
    pub name_strength: f64,
    pub closed: Cell<bool>,
}

impl Bucket {
    pub(super) fn new(inner: Inner) -> Self {
        Self { inner: Rc::new(inner) }
    }

    /// A promise of the call's answer.
    fn call(&self, options: Result<CallOptions, JsValue>, call: &dyn Fn() -> Result<Call, JsValue>) -> Promise {
        let ready = options.and_then(|options| {
            if self.inner.closed.get() {
                return Err(closed());
            }
            if options.signal.as_ref().is_some_and(AbortSignal::aborted) {
                return Err(abort_error());
            }
            Ok((options, call()?))
        });
        match ready {
            Ok((options, call)) => PendingCall::begin(&self.inner, call, options),
            Err(error) => Promise::reject(&error),
        }
    }

    /// A promise of the answer to a call about one file.
    fn call_of(&self, options: Result<CallOptions, JsValue>, key: &JsValue, call: fn(String) -> Call) -> Promise {
        self.call(options, &|| parse_key(key).map(call))
    }
}

#[wasm_bindgen]
impl Bucket {
    /// Every file of the bucket.
    pub fn list(&self, options: JsValue) -> Promise {
        self.call(CallOptions::parse(&options), &|| Ok(Call::List))
    }

    /// One file's entry.
    pub fn file(&self, key: JsValue, options: JsValue) -> Promise {
        self.call_of(CallOptions::parse(&options), &key, Call::File)
    }

    /// Queues the file and returns at once.
    pub fn upload(&self, file: JsValue, options: JsValue) -> Result<Upload, JsValue> {
        if self.inner.closed.get() {
            return Err(closed());
        }
        let Some(blob) = blob(&file) else {
            let message = ["The file must be a File or Blob, but it is ", &kind(&file), "."].concat();
            return Err(refused(Code::InvalidFile, &message));
        };
        let mut options = UploadOptions::parse(&options)?;
        let class = Native::class("File");
        let given = options.name.take().or_else(|| class.read(&file, "name").and_then(|name| name.as_string()));
        let name = given
            .filter(|name| !name.is_empty())
            .ok_or_else(|| refused(Code::InvalidFile, "The file has no name; give one in the option `name`."))?;
        let source = source_file(&class, &file, blob, name, options.handle.take());
        self.inner.upload(source, options)
    }

    /// Uploads of this session that were begun and not finished, and that no page sends now.
    pub fn unfinished(&self) -> Promise {
        self.call(Ok(CallOptions::default()), &|| Ok(Call::Unfinished))
    }

    /// Forgets an unfinished upload and, where it can, removes it from the bucket.
    pub fn forget(&self, key: JsValue) -> Promise {
        self.call_of(Ok(CallOptions::default()), &key, Call::Forget)
    }

    /// The temporary pre-signed link of a file.
    #[wasm_bindgen(js_name = downloadUrl)]
    pub fn download_url(&self, key: JsValue, options: JsValue) -> Promise {
        self.call_of(CallOptions::parse(&options), &key, Call::Link)
    }

    /// A file's bytes.
    pub fn download(&self, key: JsValue, options: JsValue) -> Promise {
        self.call_of(CallOptions::parse_download(&options), &key, Call::Download)
    }

    /// Removes a file.
    pub fn remove(&self, key: JsValue, options: JsValue) -> Promise {
        self.call_of(CallOptions::parse(&options), &key, Call::Remove)
    }

    /// The session's rules.
    pub fn rules(&self, options: JsValue) -> Promise {
        self.call(CallOptions::parse(&options), &|| Ok(Call::Rules))
    }

    /// Upper bound of what the session ID can hide, in bits.
    #[wasm_bindgen(getter, js_name = nameStrength)]
    pub fn name_strength(&self) -> f64 {
        self.inner.name_strength
    }

    /// Aborts what runs and keeps what is stored. Every later call fails with `closed`.
    pub fn close(&self) {
        if !self.inner.closed.replace(true) {
            self.inner.driver.handle(Event::Close);
        }
    }
}

impl Inner {
    /// The entry of a file that the service told of.
    pub fn entry(&self, info: FileInfo) -> Option<FileEntry> {
        let key = info.file_key.clone()?;
        Some(FileEntry::read(info, key, &self.names))
    }

    /// Queues an upload.
    pub fn upload(self: &Rc<Self>, source: SourceFile, options: UploadOptions) -> Result<Upload, JsValue> {
        let source = Rc::new(source);
        let name = self.sent_name(&source)?;
        let wants_progress = options.on_progress.is_some();
        let observer = Rc::new(Observer::new(options.on_progress, options.on_state, Rc::clone(&source), self.scheme));
        let request = UploadRequest {
            source,
            unique_name: self.scheme != Scheme::Plain,
            wants_progress,
            observer: observer.clone(),
        };
        let id = self.driver.upload(request, name);
        if let Some(signal) = options.signal {
            observer.abort_with(&signal, &self.driver, id);
        }
        Ok(Upload { inner: Rc::clone(self), observer, id })
    }

    /// The file's name as the service gets it. One that is sealed is sealed in its turn; that it can be is known now.
    fn sent_name(&self, source: &Rc<SourceFile>) -> Result<FileName, JsValue> {
        let (scheme, names, source) = (self.scheme, Rc::clone(&self.names), Rc::clone(source));
        let unwritten =
            |error: NameError| Failure::new(Code::InvalidFile, ["The file's name: ", &error.sentence(), "."].concat());
        let length = check_length(&source.name).map_err(unwritten);
        let write =
            move || names.write(scheme, &source.name, &sealed_fields(&source), &mut getrandom::fill).map_err(unwritten);
        let name = match scheme {
            Scheme::Partway => length.map(|()| FileName::Later(Rc::new(write))),
            _ => write().map(FileName::Written),
        };
        name.map_err(|failure| partway_error(&failure))
    }
}

/// A file under a name, and through what it was picked. `class` is that of files.
pub(super) fn source_file(
    class: &Native,
    given: &JsValue,
    file: Blob,
    name: String,
    handle: Option<JsValue>,
) -> SourceFile {
    let modified = class.read(given, "lastModified").and_then(|date| date.as_f64()).map(|date| date as u64);
    SourceFile { size: file.size() as u64, file, name, modified, handle }
}

fn parse_key(value: &JsValue) -> Result<String, JsValue> {
    let text = value.dyn_ref::<JsString>().filter(|text| text.is_valid_utf16()).map(String::from);
    let Some(key) = text else { return Err(invalid_option("key", "must be a string", value)) };
    check_key(&key).map_err(|why| wrong(Code::InvalidOption, "key: ", why.sentence()))?;
    Ok(key)
}
