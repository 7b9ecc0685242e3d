//! `cargo xtask check`: what can be told of a change in under a minute, before anything is tested in browsers.
use std::time::Instant;

use anyhow::Result;

use crate::{native, rules, step::step, tally::Tally, workspace::Workspace};

/// Schedules of the simulation: a fifth of a full run, which alone takes about a minute.
const SCHEDULES: u32 = 20_000;

/// Formatting, the rules of the source, clippy, and the library's native tests; ends with the first that fails.
///
/// # Errors
/// One of them fails.
pub fn run(workspace: &Workspace) -> Result<()> {
    let (start, mut tally) = (Instant::now(), Tally::default());
    step("formatting", || native::format(workspace))?;
    step("rules of the source", || rules::check(workspace))?;
    step("clippy", || native::clippy(workspace))?;
    step(&format!("native tests of the library, {SCHEDULES} schedules"), || {
        let mut test = workspace.cargo();
        test.args(["test", "--package", "partway"]).env("PARTWAY_SCHEDULES", SCHEDULES.to_string());
        tally.run(test)
    })?;
    println!("{} tests passed; all checked in {:.1} s", tally.passed, start.elapsed().as_secs_f64());
    Ok(())
}
