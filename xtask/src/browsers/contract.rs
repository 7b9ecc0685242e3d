//! The contract tests: ES modules in a page, run in a browser against `pkg/partway.js` and the real gateway.
use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::{Browser, drivers::Driver, install::Programs, servers::Servers, webdriver::Session};
use crate::tally::Tally;

/// Longest time without a further result; the page ends a single test after 120 s.
const PATIENCE: Duration = Duration::from_secs(150);
/// Longest time until the page's modules have loaded.
const LOADING: Duration = Duration::from_secs(30);

/// Runs the page in one browser and prints a line a test.
///
/// # Errors
/// A test fails, or the page does not come to its end.
pub fn run(browser: Browser, programs: Programs, gateway: &str, servers: &Servers, tally: &mut Tally) -> Result<()> {
    let session = Session::open(Driver::start(browser, programs)?)?;
    let Servers { site, elsewhere, .. } = servers;
    session.go_to(&format!("{site}/contract/?gateway={gateway}&elsewhere={elsewhere}&browser={browser}"))?;

    let (mut printed, mut failed) = (0, 0);
    let mut last = Instant::now();
    loop {
        let results = session.execute("return window.results ?? null", json!([]))?;
        let tests = results.get("tests").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for test in tests.get(printed..).unwrap_or_default() {
            let passed = print(browser, test);
            tally.count(passed);
            failed += usize::from(!passed);
            last = Instant::now();
        }
        printed = printed.max(tests.len());
        if is_true(&results, "done") {
            break;
        }
        let patience = if results.is_null() { LOADING } else { PATIENCE };
        if last.elapsed() > patience {
            let console = session.console().unwrap_or_default().join("\n  ");
            bail!("the page stopped after {printed} tests; its console:\n  {console}");
        }
        thread::sleep(Duration::from_millis(100));
    }
    ensure!(printed > 0, "the page has no tests");
    ensure!(failed == 0, "{failed} of {printed} contract tests failed in {browser}");
    Ok(())
}

/// Prints one result; gives whether it passed.
fn print(browser: Browser, test: &Value) -> bool {
    let passed = is_true(test, "ok");
    let text = |key: &str| test.get(key).and_then(Value::as_str);
    let millis = test.get("millis").and_then(Value::as_u64).unwrap_or_default();
    let name = text("name").unwrap_or("a test without a name");
    let outcome = if passed { "ok" } else { "FAILED" };
    println!("{browser}: {name} ... {outcome} ({millis} ms)");
    if !passed {
        for line in text("error").unwrap_or("no reason given").lines() {
            println!("    {line}");
        }
    }
    passed
}

fn is_true(object: &Value, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool) == Some(true)
}
