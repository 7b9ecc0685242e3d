//! The contract tests: ES modules in a page, run in a browser against `pkg/partway.js` and the real gateway.
use anyhow::{Result, ensure};

use super::{Browser, drivers::Driver, install::Programs, page, servers::Servers, webdriver::Session};
use crate::{gateway::Gateway, tally::Tally};

/// Where the page is, and what it is run against.
pub struct Place<'a> {
    /// The gateway.
    pub gateway: &'a Gateway,
    /// The page, and the server nothing is to be sent to.
    pub servers: &'a Servers,
    /// Only the tests whose name holds this.
    pub only: &'a str,
    /// Whether those that take the default times are run, too.
    pub full: bool,
}

impl Place<'_> {
    /// The address of the tests' page in `folder`.
    #[must_use]
    pub fn page(&self, folder: &str, browser: Browser) -> String {
        let Self { gateway, servers: Servers { site, elsewhere, .. }, only, full } = self;
        let (only, origin, words) = (page::query(only), &gateway.origin, page::words([*gateway]));
        format!(
            "{site}/{folder}/?gateway={origin}&elsewhere={elsewhere}&browser={browser}&full={full}&only={only}#{words}"
        )
    }
}

/// Runs the page in one browser and prints a line a test.
///
/// # Errors
/// A test fails, or the page does not come to its end.
pub fn run(browser: Browser, programs: Programs, place: &Place<'_>, tally: &mut Tally) -> Result<()> {
    let session = Session::open(Driver::start(browser, programs)?)?;
    session.go_to(&place.page("contract", browser))?;
    let (mut run, mut failed) = (0, 0);
    let followed = page::follow(&session, |test| {
        let passed = page::is_true(test, "ok");
        println!("{}", page::line(&session, page::text(test, "name").unwrap_or("a test without a name"), test));
        tally.count(passed);
        run += 1;
        failed += usize::from(!passed);
    });
    match followed {
        Err(error) if run == 0 && !place.full => {
            return Err(error.context("without --full no test with the default times is run"));
        }
        followed => followed?,
    }
    ensure!(failed == 0, "{failed} of {run} contract tests failed in {browser}");
    Ok(())
}
