//! The tests of the element: ES modules in a page that ask for real input, against `pkg/` and the real gateway.
use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};

use super::{
    Browser,
    bridge::Bridge,
    contract::Place,
    drivers::Driver,
    install::Programs,
    node::{self, NODE},
    page,
    webdriver::Session,
};
use crate::{process::Group, tally::Tally, workspace::Workspace};

/// The window in CSS pixels: the same in every engine, so that as many rows are in sight.
const WINDOW: (u32, u32) = (1200, 900);

/// Runs the page in one browser and prints a line a test.
///
/// # Errors
/// A test fails, or the page does not come to its end.
pub fn run(browser: Browser, programs: Programs, place: &Place<'_>, tally: &mut Tally) -> Result<()> {
    let session = Session::open(Driver::start(browser, programs)?)?;
    session.resize(WINDOW.0, WINDOW.1)?;
    session.go_to(&place.page("element", browser))?;
    let bridge = Bridge::open(&session)?;
    let (mut run, mut failed) = (0, 0);
    let told = |test: &serde_json::Value| {
        let passed = page::is_true(test, "ok");
        println!("{}", page::line(&session, page::text(test, "name").unwrap_or("a test without a name"), test));
        tally.count(passed);
        run += 1;
        failed += usize::from(!passed);
    };
    page::attend(&session, told, || bridge.serve())?;
    ensure!(failed == 0, "{failed} of {run} tests of the element failed in {browser}");
    Ok(())
}

/// Where what the tests take from npm is installed.
#[must_use]
pub fn tools(workspace: &Workspace) -> PathBuf {
    workspace.path("target/tools/element")
}

/// Installs what `tests/element/package.json` names, unless it is there.
///
/// # Errors
/// npm is missing and cannot be installed, or fails.
pub fn install(workspace: &Workspace) -> Result<()> {
    let (wanted, folder) = (workspace.path("tests/element/package.json"), tools(workspace));
    let wanted = fs::read(&wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    let installed = folder.join("node_modules/.installed.json");
    if fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    node::ensure(&NODE)?;
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("package.json"), &wanted)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
    Group::run(npm)?;
    fs::write(&installed, &wanted).context("cannot write down what is installed")
}
