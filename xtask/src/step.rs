//! A named piece of work: says what it does when it starts, and how long it took when it ends.
use std::time::Instant;

use anyhow::{Context, Result};

/// Does `work` under a name, between a line that says so and one with the elapsed time.
///
/// # Errors
/// What `work` fails with, under the step's name.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    eprintln!("==> {name}");
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    let outcome = if result.is_ok() { "done" } else { "FAILED" };
    eprintln!("==> {name}: {outcome}, {seconds:.1} s");
    result.with_context(|| name.to_owned())
}
