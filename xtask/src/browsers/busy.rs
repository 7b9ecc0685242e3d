//! Keeps two processors busy, as other programs on a loaded machine do.
use std::{
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// How many processors.
const PROCESSORS: usize = 2;

/// Threads that compute without end. Dropping it ends them; so does the end of this program.
#[derive(Debug)]
pub struct Busy {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    /// Starts them.
    #[must_use]
    pub fn start() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let start = |_| {
            let ended = Arc::clone(&ended);
            thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    // Not `spin_loop`: that leaves the processor to others.
                    hint::black_box(());
                }
            })
        };
        let threads = (0..PROCESSORS).map(start).collect();
        Self { ended, threads }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_threads_run_until_it_is_dropped() {
        let busy = Busy::start();
        let ended = Arc::downgrade(&busy.ended);
        assert_eq!(ended.strong_count(), 1 + PROCESSORS);
        assert!(busy.threads.iter().all(|thread| !thread.is_finished()));
        drop(busy);
        assert_eq!(ended.strong_count(), 0);
    }
}
