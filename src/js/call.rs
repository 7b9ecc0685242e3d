//! A call on its way, as a promise.

use super::bucket::Inner;
use super::entry::rules_to_js;
use super::error::{abort_error, defect, thrown};
use super::observer::call;
use super::options::CallOptions;
use super::unfinished::UnfinishedUpload;
use crate::browser::{Boxed, CallObserver, Deferred, Listener, TimeSlice, give_way, spawn};
use crate::engine::{Answer, Call};
use crate::protocol::Failure;
use js_sys::{Array, Function, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::Blob;

/// A call that is not answered yet.
pub(super) struct PendingCall {
    inner: Rc<Inner>,
    answer: Deferred,
    on_progress: Option<Function>,
    /// Listens to the caller's signal until the promise is settled.
    aborting: RefCell<Option<Listener>>,
}

impl PendingCall {
    /// Makes a call. The promise rejects at once when the caller's signal is aborted.
    pub fn begin(inner: &Rc<Inner>, call: Call, options: CallOptions) -> Promise {
        let pending = Rc::new(Self {
            inner: Rc::clone(inner),
            answer: Deferred::new(),
            on_progress: options.on_progress,
            aborting: RefCell::default(),
        });
        let id = inner.driver.call(call, Rc::clone(&pending) as Rc<dyn CallObserver>);
        if let Some(signal) = options.signal {
            let aborted = Rc::downgrade(&pending);
            let listener = Listener::new(&signal, "abort", move |_| {
                if let Some(pending) = aborted.upgrade() {
                    pending.answer.reject(&abort_error());
                    pending.inner.driver.withdraw(id);
                }
            });
            *pending.aborting.borrow_mut() = Some(listener);
        }
        pending.answer.promise()
    }
}

impl CallObserver for PendingCall {
    fn progress(&self, received: u64, size: u64) {
        if let Some(callback) = &self.on_progress {
            call(callback, &Array::of2(&(received as f64).into(), &(size as f64).into()));
        }
    }

    fn answer(self: Rc<Self>, answer: Result<Answer, Failure>) {
        spawn(async move {
            let answer = match answer {
                Ok(answer) => to_js(&self.inner, answer).await,
                Err(failure) => Err(thrown(failure)),
            };
            self.answer.settle(answer);
        });
    }
}

/// An answer as JavaScript sees it.
fn to_js<'a>(inner: &'a Rc<Inner>, answer: Answer) -> Boxed<'a, Result<JsValue, JsValue>> {
    Box::pin(async move {
        Ok(match answer {
            Answer::List(files) => {
                give_way().await;
                let (list, mut slice) = (Array::new(), TimeSlice::begin());
                for entry in files.into_iter().filter_map(|info| inner.entry(info)) {
                    list.push(&entry.to_js()?);
                    slice.give_way().await;
                }
                list.into()
            }
            Answer::File(info) => inner.entry(info).ok_or_else(|| defect(()))?.to_js()?,
            Answer::Link(link) => link.0.into(),
            Answer::Download(bytes) => bytes.value.downcast_ref::<Blob>().ok_or_else(|| defect(()))?.into(),
            Answer::Rules(rules) => rules_to_js(&rules)?,
            Answer::Unfinished(uploads) => {
                let made = uploads.into_iter().map(|found| JsValue::from(UnfinishedUpload::new(inner, found)));
                made.collect::<Array>().into()
            }
            Answer::Removed | Answer::Forgotten => JsValue::UNDEFINED,
        })
    })
}
