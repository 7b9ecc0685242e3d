//! What uploads survive: every fault of the gateway with files of every size, in a browser, and the table of it.
use std::{
    fmt::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Browser, drivers::Driver, install::Programs, page, webdriver::Session};
use crate::{gateway::Gateway, tally::Tally, workspace::Workspace};

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
    /// Whether the longest file is shared out: each browser takes it through a third of the faults.
    pub shared: bool,
}

/// Runs the page in one browser, against gateways of its own, and prints a line a row.
///
/// # Errors
/// A row fails, or the page does not come to its end.
pub fn run(browser: Browser, programs: Programs, place: &Place<'_>, table: &Table, tally: &mut Tally) -> Result<()> {
    let Place { workspace, program, site, only, shared } = place;
    let start = |_| Gateway::start(workspace, program.to_path_buf(), 0, &[]);
    let gateways = (0..GATEWAYS).map(start).collect::<Result<Vec<_>>>()?;
    let origins: Vec<&str> = gateways.iter().map(|gateway| gateway.origin.as_str()).collect();
    let session = Session::open(Driver::start(browser, programs)?)?;
    let (gateways, only) = (origins.join(","), only.replace(' ', "%20"));
    let share = if *shared { format!("{}/{}", browser as usize, Browser::ALL.len()) } else { "0/1".to_owned() };
    session.go_to(&format!("{site}/matrix/?gateways={gateways}&browser={browser}&share={share}&only={only}"))?;
    let (mut run, mut failed) = (0, 0);
    page::follow(&session, |row| {
        let passed = page::is_true(row, "ok");
        let [fault, size] = ["fault", "size"].map(|key| page::text(row, key).unwrap_or("?"));
        eprintln!("{}", page::line(&session, &format!("{fault}: {size}"), row));
        table.enter(browser, row);
        tally.count(passed);
        run += 1;
        failed += usize::from(!passed);
    })?;
    ensure!(failed == 0, "{failed} of {run} rows of the matrix failed in {browser}");
    Ok(())
}

/// What happened in every browser.
#[derive(Default)]
pub struct Table(Mutex<Vec<Entry>>);

struct Entry {
    browser: Browser,
    fault: String,
    size: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed,
    /// Cannot be run there, and why.
    Impossible(String),
}

impl Table {
    fn enter(&self, browser: Browser, row: &Value) {
        let own = |key: &str| page::text(row, key).unwrap_or("?").to_owned();
        let outcome = match page::text(row, "impossible") {
            Some(why) => Outcome::Impossible(why.to_owned()),
            None if page::is_true(row, "ok") => Outcome::Passed,
            None => Outcome::Failed,
        };
        let entry = Entry { browser, fault: own("fault"), size: own("size"), outcome };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// A table in Markdown: a row a fault, a column a browser.
    #[must_use]
    pub fn markdown(&self, browsers: &[Browser]) -> String {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults: Vec<&str> = Vec::new();
        for entry in entries.iter() {
            if !faults.contains(&entry.fault.as_str()) {
                faults.push(&entry.fault);
            }
        }
        let names: Vec<String> = browsers.iter().map(ToString::to_string).collect();
        let mut text = format!("| What goes wrong | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(browsers.len()));
        for fault in faults {
            let of =
                |browser: Browser| entries.iter().filter(move |entry| entry.fault == fault && entry.browser == browser);
            let cells: Vec<String> = browsers.iter().map(|browser| cell(of(*browser))).collect();
            let _ = writeln!(text, "| {fault} | {} |", cells.join(" | "));
        }
        text
    }
}

/// What one browser made of one fault.
fn cell<'table>(entries: impl Iterator<Item = &'table Entry>) -> String {
    let (mut passed, mut rest) = (0, Vec::new());
    for Entry { size, outcome, .. } in entries {
        match outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed => rest.push(format!("**failed: {size}**")),
            Outcome::Impossible(why) => rest.push(format!("{size}: {why}")),
        }
    }
    match (passed, rest.is_empty()) {
        (0, true) => "not run".to_owned(),
        (passed, true) => format!("{passed} of {passed}"),
        (0, false) => rest.join(", "),
        (passed, false) => format!("{passed}, {}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_tells_passed_failed_impossible_and_missing_apart() {
        let table = Table::default();
        for (browser, fault, size, more) in [
            (Browser::Chromium, "A", "0 B", json!({ "ok": true })),
            (Browser::Chromium, "A", "1 B", json!({ "ok": true })),
            (Browser::Firefox, "A", "0 B", json!({ "ok": true })),
            (Browser::Firefox, "A", "1 B", json!({ "ok": false, "error": "no" })),
            (Browser::Chromium, "B", "1 B", json!({ "ok": true, "impossible": "it has no such thing" })),
        ] {
            let mut row = more;
            row["fault"] = fault.into();
            row["size"] = size.into();
            table.enter(browser, &row);
        }
        let expected = "| What goes wrong | chromium | firefox |\n|---|---|---|\n\
                        | A | 2 of 2 | 1, **failed: 1 B** |\n| B | 1 B: it has no such thing | not run |\n";
        assert_eq!(table.markdown(&[Browser::Chromium, Browser::Firefox]), expected);
    }
}
