//! Ends a call that moves nothing for too long.

use super::Listener;
use super::clock::now;
use super::sleep::LONGEST_TIMER;
use crate::engine::Instant;
use crate::protocol::Failure;
use gloo_timers::callback::Timeout;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use web_sys::{AbortController, AbortSignal};

/// Least average rate, in bytes a millisecond, of a response older than `TRICKLES` times the stall timeout.
const LEAST_RATE: u64 = 1;
const TRICKLES: u64 = 4;
/// A timer this late, in milliseconds, tells of the page, not of the line.
const LATE: u64 = 500;

/// A signal of our own that follows the caller's, and is aborted too when nothing was heard of for so long.
#[derive(Clone)]
pub struct Patience {
    inner: Rc<Inner>,
}

struct Inner {
    millis: u64,
    began: Instant,
    controller: AbortController,
    timer: RefCell<Option<Timeout>>,
    ran_out: Cell<bool>,
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
        let inner = Rc::new(Inner {
            millis: millis.min(LONGEST_TIMER),
            began: now(),
            controller,
            timer: RefCell::default(),
            ran_out: Cell::default(),
            _listener: Listener::new(signal, "abort", move |_| follows.abort()),
        });
        inner.wait(inner.millis, true);
        Some(Self { inner })
    }

    /// The signal for the call.
    pub fn signal(&self) -> AbortSignal {
        self.inner.controller.signal()
    }

    /// `bytes` came so far: waits anew, unless they trickle for no other end than to keep the call.
    pub fn heard(&self, bytes: u64) {
        let ends = self.inner.began.plus((TRICKLES * self.inner.millis).saturating_add(bytes / LEAST_RATE));
        self.inner.wait(ends.since(now()).min(self.inner.millis), true);
    }

    /// The result of the call: a failure is one of time where that ran out.
    pub fn judge<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if result.is_err() && self.inner.ran_out.get() { Err(Failure::stalled(self.inner.millis)) } else { result }
    }
}

impl Inner {
    /// Ends the call in `millis`. Where the timer comes late, the page was busy or asleep, and the answer may lie there
    /// unread: then there is one more chance.
    fn wait(self: &Rc<Self>, millis: u64, again: bool) {
        let (weak, due) = (Rc::downgrade(self), now().plus(millis));
        let timer = Timeout::new(u32::try_from(millis).unwrap_or(u32::MAX), move || {
            let Some(inner) = weak.upgrade() else { return };
            if again && now().since(due) > LATE {
                return inner.wait(inner.millis, false);
            }
            inner.ran_out.set(true);
            inner.controller.abort();
        });
        *self.timer.borrow_mut() = Some(timer);
    }
}
