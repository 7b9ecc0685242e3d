//! One piece of work that many wait for.

use crate::protocol::{Code, Failure};
use js_sys::Promise;
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

/// Runs work at most once at a time: whoever comes while it runs gets its result too.
pub struct Shared<T> {
    state: Rc<RefCell<State<T>>>,
}

struct State<T> {
    running: Option<Promise>,
    last: Option<Result<T, Failure>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { state: Rc::new(RefCell::new(State { running: None, last: None })) }
    }
}

impl<T: Clone + 'static> Shared<T> {
    /// The result of the work that runs, or of `work`.
    pub async fn run(&self, work: impl Future<Output = Result<T, Failure>> + 'static) -> Result<T, Failure> {
        let running = self.state.borrow().running.clone();
        let running = running.unwrap_or_else(|| self.begin(work));
        let _ = JsFuture::from(running).await;
        let last = self.state.borrow().last.clone();
        last.unwrap_or_else(|| Err(Failure::new(Code::Closed, "The bucket was closed.")))
    }

    fn begin(&self, work: impl Future<Output = Result<T, Failure>> + 'static) -> Promise {
        let state = Rc::clone(&self.state);
        let promise = future_to_promise(async move {
            let result = work.await;
            let mut state = state.borrow_mut();
            state.running = None;
            state.last = Some(result);
            Ok(JsValue::UNDEFINED)
        });
        self.state.borrow_mut().running = Some(promise.clone());
        promise
    }
}
