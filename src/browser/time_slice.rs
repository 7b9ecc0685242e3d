//! Long work in short slices, so that the page stays quick.

use super::clock::now;
use super::deferred::Deferred;
use super::listener::Listener;
use crate::engine::Instant;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

/// How long work goes on at a time, in milliseconds: a frame has 16.
const LONGEST: u64 = 12;

/// A slice of time.
pub struct TimeSlice {
    began: Instant,
}

impl TimeSlice {
    /// A slice begins.
    pub fn begin() -> Self {
        Self { began: now() }
    }

    /// Gives way to the page, if the slice was long enough, and begins the next.
    pub async fn give_way(&mut self) {
        if now().since(self.began) >= LONGEST {
            give_way().await;
            self.began = now();
        }
    }
}

/// Lets the page do what waits to be done. A message to oneself comes after that, and other than a timer's event it
/// comes at once in a hidden page too.
pub async fn give_way() {
    let Ok(channel) = MessageChannel::new() else { return };
    let (here, there) = (channel.port1(), channel.port2());
    let came = Deferred::new();
    let arrived = came.clone();
    let _listener = Listener::new(&here, "message", move |_| arrived.resolve(&JsValue::UNDEFINED));
    here.start();
    if there.post_message(&JsValue::NULL).is_ok() {
        let _ = JsFuture::from(came.promise()).await;
    }
    // An open port keeps a program without a page, as in Node, from ending.
    here.close();
}
