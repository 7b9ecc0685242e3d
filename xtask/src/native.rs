//! What is checked without a browser: formatting, clippy, native tests.
use anyhow::Result;

use crate::{package, process::Group, tally::Tally, workspace::Workspace};

/// The same packages and features in every cargo call for the host, so that nothing is compiled twice.
pub const EVERYTHING: [&str; 3] = ["--workspace", "--features", "xtask/browsers"];

/// The features of a gateway that tests can break. Those of [`EVERYTHING`] leave it as it is released.
pub const WITH_FAULTS: &str = "xtask/browsers,partway-gateway/faults";

/// `cargo fmt --check`.
///
/// # Errors
/// A file is formatted otherwise.
pub fn format(workspace: &Workspace) -> Result<()> {
    cargo(workspace, &["fmt", "--all", "--check"])
}

/// Clippy for the host, with and without faults, and for the browser.
///
/// # Errors
/// It warns of something, or something does not compile.
pub fn clippy(workspace: &Workspace) -> Result<()> {
    let strict = ["--", "-D", "warnings"];
    cargo(workspace, &[&["clippy", "--all-targets"], EVERYTHING.as_slice(), &strict].concat())?;
    let faults = ["clippy", "--all-targets", "--package", "partway-gateway", "--features", "faults"];
    cargo(workspace, &[faults.as_slice(), &strict].concat())?;
    package::add_target()?;
    let browser = ["clippy", "--package", "partway", "--lib", "--tests", "--target", "wasm32-unknown-unknown"];
    cargo(workspace, &[browser.as_slice(), &strict].concat())
}

/// All native tests, the gateway's fault layer apart by itself.
///
/// # Errors
/// A test fails, or something does not compile.
pub fn tests(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    let mut test = workspace.cargo();
    test.args(["test", "--no-fail-fast"]).args(EVERYTHING);
    tally.run(test)?;
    let mut faults = workspace.cargo();
    faults.args(["test", "--no-fail-fast", "--workspace", "--features", WITH_FAULTS, "--test", "faults"]);
    tally.run(faults)
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let mut command = workspace.cargo();
    command.args(arguments);
    Group::run(command)
}
