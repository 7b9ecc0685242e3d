//! The contract tests: ES modules in a page, run in a browser against `pkg/partway.js` and the real gateway.
use anyhow::{Result, ensure};

use super::{Browser, drivers::Driver, install::Programs, page, servers::Servers, webdriver::Session};
use crate::tally::Tally;

/// Runs the page in one browser and prints a line a test.
///
/// # Errors
/// A test fails, or the page does not come to its end.
pub fn run(browser: Browser, programs: Programs, gateway: &str, servers: &Servers, tally: &mut Tally) -> Result<()> {
    let session = Session::open(Driver::start(browser, programs)?)?;
    let Servers { site, elsewhere, .. } = servers;
    session.go_to(&format!("{site}/contract/?gateway={gateway}&elsewhere={elsewhere}&browser={browser}"))?;
    let (mut run, mut failed) = (0, 0);
    page::follow(&session, |test| {
        let passed = page::is_true(test, "ok");
        println!("{}", page::line(&session, page::text(test, "name").unwrap_or("a test without a name"), test));
        tally.count(passed);
        run += 1;
        failed += usize::from(!passed);
    })?;
    ensure!(failed == 0, "{failed} of {run} contract tests failed in {browser}");
    Ok(())
}
