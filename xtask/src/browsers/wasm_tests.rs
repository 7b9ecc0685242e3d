//! `tests/browser.rs` and every other wasm test, in a browser, run by this program itself as cargo's test runner.
use std::{env, fs};

use anyhow::{Context, Result};
use serde_json::json;

use super::{Browser, display::Display, drivers::capabilities, install::Programs};
use crate::{tally::Tally, workspace::Workspace};

/// What this program is called with to be the runner.
pub const RUNNER: &str = "wasm-test-runner";

/// Runs the tests in one browser, against the gateway at the origin `gateway`.
///
/// # Errors
/// A test fails, or they do not compile, or the browser does not start.
pub fn run(
    workspace: &Workspace,
    browser: Browser,
    programs: &Programs,
    gateway: &str,
    tally: &mut Tally,
) -> Result<()> {
    let settings = workspace.scratch()?.join(format!("webdriver-{browser}.json"));
    fs::write(&settings, capabilities(browser, programs).to_string())
        .with_context(|| format!("cannot write {}", settings.display()))?;
    let home = tempfile::TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
    let display = if browser == Browser::Webkit { Some(Display::start()?) } else { None };

    let this = env::current_exe().context("cannot find this program")?;
    let runner = json!([this, RUNNER]);
    let mut test = workspace.cargo();
    test.args(["test", "--target", "wasm32-unknown-unknown", "--package", "partway", "--lib", "--test", "browser"])
        .arg("--config")
        .arg(format!("target.wasm32-unknown-unknown.runner={runner}"))
        .env("PARTWAY_GATEWAY", gateway)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "30")
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", settings)
        // Profiles and caches of the browser, which it leaves behind when it is killed.
        .env("TMPDIR", home.path());
    for variable in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER"] {
        test.env_remove(variable);
    }
    // To the runner every WebKit is a Safari.
    let variable = match browser {
        Browser::Chromium => "CHROMEDRIVER",
        Browser::Firefox => "GECKODRIVER",
        Browser::Webkit => "SAFARIDRIVER",
    };
    test.env(variable, &programs.driver);
    if let Some(display) = &display {
        test.env("DISPLAY", &display.name).env("NO_AT_BRIDGE", "1");
    }
    tally.run(test)
}

/// Is the runner: what cargo calls with the path of a `.wasm` and the arguments of the tests.
///
/// # Errors
/// A test fails, or the browser does not start.
pub fn be_runner(arguments: impl Iterator<Item = String>) -> Result<()> {
    let arguments = ["wasm-bindgen-test-runner".to_owned()].into_iter().chain(arguments);
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(arguments)
}
