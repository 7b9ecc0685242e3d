//! Tasks that nobody waits for.

use super::Boxed;
use wasm_bindgen_futures::spawn_local;

/// Starts `task`. What queues it is compiled once, not once more for each kind of task.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    spawn_boxed(Box::pin(task));
}

fn spawn_boxed(task: Boxed<'static, ()>) {
    spawn_local(task);
}
