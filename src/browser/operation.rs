//! One operation of the browser, while it runs.

use super::Boxed;
use super::spawn::spawn;
use crate::engine::Outcome;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// An operation. Cancelling it drops its future, and with it what withdraws the request, the transaction or the
/// place in a queue that it asked the browser for.
#[derive(Clone)]
pub struct Operation {
    running: Rc<RefCell<Option<Boxed<'static, Outcome>>>>,
}

impl Operation {
    /// Runs `work` and calls `ended` with what came of it, unless it is cancelled before.
    pub fn start(work: Boxed<'static, Outcome>, ended: impl Fn(Outcome) + 'static) -> Self {
        let running = Rc::new(RefCell::new(Some(work)));
        let polled = Rc::clone(&running);
        spawn(poll_fn(move |context| {
            let mut slot = polled.borrow_mut();
            let Some(work) = slot.as_mut() else { return Poll::Ready(()) };
            let Poll::Ready(outcome) = work.as_mut().poll(context) else { return Poll::Pending };
            let over = slot.take();
            drop(slot);
            drop(over);
            ended(outcome);
            Poll::Ready(())
        }));
        Self { running }
    }

    /// Abandons the operation.
    pub fn cancel(&self) {
        // Not while the slot is borrowed: what is dropped may call listeners of its own.
        let work = self.running.try_borrow_mut().ok().and_then(|mut slot| slot.take());
        drop(work);
    }
}
