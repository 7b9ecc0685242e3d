//! What uploads survive: every fault of the gateway with files of every size, in a browser.
use std::path::Path;

use super::{Browser, drivers::Driver, install::Programs, page, table::Table, webdriver::Session};
use crate::{gateway::Gateway, tally::Tally, workspace::Workspace};
use anyhow::{Result, ensure};

/// Gateways for one browser: it opens six connections to each. The last one is for what ends every connection.
const GATEWAYS: usize = 4;

/// Where the page is, and what it is run against.
pub struct Place<'a> {
    /// The repository.
    pub workspace: &'a Workspace,
    /// A gateway's program, with faults.
    pub program: &'a Path,
    /// Origin of the page.
    pub site: &'a str,
    /// Only the faults whose name holds this.
    pub only: &'a str,
    /// Only the rows whose name, `fault: size`, holds this.
    pub test: &'a str,
    /// Whether the longest file is shared out: each browser takes it through a third of the faults, whichever others
    /// are run.
    pub shared: bool,
}

/// Runs the page in one browser, against gateways of its own, and prints a line a row.
///
/// # Errors
/// A row fails, or the page does not come to its end.
pub fn run(browser: Browser, programs: Programs, place: &Place<'_>, table: &Table, tally: &mut Tally) -> Result<()> {
    let Place { workspace, program, site, only, test, shared } = place;
    let start = |_| Gateway::start(workspace, program.to_path_buf(), 0, &["--fault-origin", *site]);
    let gateways = (0..GATEWAYS).map(start).collect::<Result<Vec<_>>>()?;
    let origins: Vec<&str> = gateways.iter().map(|gateway| gateway.origin.as_str()).collect();
    let session = Session::open(Driver::start(browser, programs)?)?;
    let (words, origins) = (page::words(&gateways), origins.join(","));
    let (only, test) = (page::query(only), page::query(test));
    let share = if *shared { format!("{}/{}", browser as usize, Browser::ALL.len()) } else { "0/1".to_owned() };
    let query = format!("gateways={origins}&browser={browser}&share={share}&only={only}&test={test}");
    session.go_to(&format!("{site}/matrix/?{query}#{words}"))?;
    let (mut run, mut failed) = (0, 0);
    let followed = page::follow(&session, |row| {
        let passed = page::is_true(row, "ok");
        let [fault, size] = ["fault", "size"].map(|key| page::text(row, key).unwrap_or("?"));
        eprintln!("{}", page::line(&session, &format!("{fault}: {size}"), row));
        table.enter(browser, row);
        tally.count(passed);
        run += 1;
        failed += usize::from(!passed);
    });
    match followed {
        Err(error) if run == 0 && *shared => {
            return Err(error.context("without --full a browser takes the longest file through a third of the faults"));
        }
        followed => followed?,
    }
    ensure!(failed == 0, "{failed} of {run} rows of the matrix failed in {browser}");
    Ok(())
}
