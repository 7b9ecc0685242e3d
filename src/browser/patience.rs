//! Ends a call that moves nothing for too long.

use super::Listener;
use super::sleep::LONGEST_TIMER;
use crate::protocol::{Code, Failure};
use gloo_timers::callback::Timeout;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use web_sys::{AbortController, AbortSignal};

/// A signal of our own that follows the caller's, and is aborted too when nothing was heard of for so long.
#[derive(Clone)]
pub struct Patience {
    inner: Rc<Inner>,
}

struct Inner {
    millis: u32,
    controller: AbortController,
    timer: RefCell<Option<Timeout>>,
    ran_out: Rc<Cell<bool>>,
    _listener: Listener,
}

impl Patience {
    /// Waits `millis` at a time, and no longer than `signal` does. `None` in a browser that cannot abort anything.
    pub fn new(millis: u64, signal: &AbortSignal) -> Option<Self> {
        let controller = AbortController::new().ok()?;
        if signal.aborted() {
            controller.abort();
        }
        let follows = controller.clone();
        let patience = Self {
            inner: Rc::new(Inner {
                millis: u32::try_from(millis.min(LONGEST_TIMER)).unwrap_or(u32::MAX),
                controller,
                timer: RefCell::default(),
                ran_out: Rc::default(),
                _listener: Listener::new(signal, "abort", move |_| follows.abort()),
            }),
        };
        patience.renew();
        Some(patience)
    }

    /// The signal for the call.
    pub fn signal(&self) -> AbortSignal {
        self.inner.controller.signal()
    }

    /// Something moved: waits anew.
    pub fn renew(&self) {
        let (controller, ran_out) = (self.inner.controller.clone(), Rc::clone(&self.inner.ran_out));
        let timer = Timeout::new(self.inner.millis, move || {
            ran_out.set(true);
            controller.abort();
        });
        *self.inner.timer.borrow_mut() = Some(timer);
    }

    /// The result of the call: a failure is one of time where that ran out.
    pub fn judge<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if result.is_err() && self.inner.ran_out.get() { Err(stood_still()) } else { result }
    }
}

/// Nothing moved for too long.
pub fn stood_still() -> Failure {
    Failure::new(Code::Timeout, "The connection to the service stood still.")
}
