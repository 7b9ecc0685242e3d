//! Long work in short turns, so that the page stays quick.

use super::clock::now;
use super::sleep::sleep;
use crate::engine::Instant;
use web_sys::AbortSignal;

/// How long work goes on at a time, in milliseconds: a frame has 16.
const LONGEST: u64 = 12;

/// A turn of work.
pub struct Turn {
    began: Instant,
}

impl Turn {
    /// A turn begins.
    pub fn begin() -> Self {
        Self { began: now() }
    }

    /// Lets the page go on.
    pub async fn end(signal: &AbortSignal) {
        sleep(0, signal).await;
    }

    /// Lets the page go on, if the turn was long enough.
    pub async fn give_way(&mut self, signal: &AbortSignal) {
        if now().since(self.began) >= LONGEST {
            sleep(0, signal).await;
            self.began = now();
        }
    }
}
