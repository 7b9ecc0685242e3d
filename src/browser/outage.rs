//! Outages: the browser sees a network, and the service answers nothing.

use super::clock::now;
use super::driver::Driver;
use super::network::Network;
use super::sleep::sleep;
use crate::engine::{Event, RequestId};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

/// Between two looks for a service that is gone, in milliseconds: a twentieth of the time it is gone, and so long.
const LOOK_LEAST: u64 = 500;
const LOOK_MOST: u64 = 10_000;

impl Driver {
    /// Whether `request`, which failed, is not the only one that does: the service answers nothing any more.
    pub(super) async fn is_cut_off(self: &Rc<Self>, request: RequestId) -> bool {
        let is_awaited = self.in_flight.borrow().iter().any(|(id, _)| *id == request);
        is_awaited && self.api.is_cut_off(&self.closed).await
    }

    /// Looks out for the service while uploads wait for it, more and more rarely.
    pub(super) fn look_out(self: &Rc<Self>) {
        if self.looks_out.replace(true) {
            return;
        }
        let driver = Rc::clone(self);
        spawn_local(async move {
            let began = now();
            while driver.engine.borrow().is_offline() && !driver.tasks.borrow().is_empty() && !driver.closed.aborted() {
                sleep((now().since(began) / 20).clamp(LOOK_LEAST, LOOK_MOST), &driver.closed).await;
                if Network::is_up()
                    && driver.engine.borrow().is_offline()
                    && !driver.api.is_cut_off(&driver.closed).await
                {
                    driver.tell(Event::Online);
                }
            }
            driver.looks_out.set(false);
        });
    }
}
