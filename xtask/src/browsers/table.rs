//! What uploads survive, as a table: what goes wrong by browser.
use std::{
    fmt::Write as _,
    fs,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Browser, page};
use crate::workspace::Workspace;

/// What happened in every browser.
#[derive(Default)]
pub struct Table(Mutex<Vec<Entry>>);

struct Entry {
    browser: Browser,
    fault: String,
    size: String,
    outcome: Outcome,
    /// What to say of it where it is the only one.
    note: Option<String>,
}

enum Outcome {
    Passed,
    Failed,
    /// Cannot be run there, and why.
    Impossible(String),
}

impl Table {
    /// A row of results: `fault`, `size`, `ok`; `impossible` where it cannot be run, with the reason; `note` for what
    /// the table is to say of it.
    pub fn enter(&self, browser: Browser, row: &Value) {
        let own = |key: &str| page::text(row, key).unwrap_or("?").to_owned();
        let outcome = match page::text(row, "impossible") {
            Some(why) => Outcome::Impossible(why.to_owned()),
            None if page::is_true(row, "ok") => Outcome::Passed,
            None => Outcome::Failed,
        };
        let entry = Entry {
            browser,
            fault: own("fault"),
            size: own("size"),
            outcome,
            note: page::text(row, "note").map(str::to_owned),
        };
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
    let (mut passed, mut rest, mut notes) = (0, Vec::new(), Vec::new());
    for Entry { size, outcome, note, .. } in entries {
        notes.extend(note.clone());
        match outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed => rest.push(format!("**failed** {size}")),
            Outcome::Impossible(why) if size.is_empty() => rest.push(why.clone()),
            Outcome::Impossible(why) => rest.push(format!("{size}: {why}")),
        }
    }
    match (passed, rest.is_empty()) {
        (1, true) if !notes.is_empty() => notes.join(", "),
        (0, true) => "not run".to_owned(),
        (passed, true) => format!("{passed} of {passed}"),
        (0, false) => rest.join(", "),
        (passed, false) => format!("{passed}, {}", rest.join(", ")),
    }
}

const BEGIN: &str = "<!-- made by cargo xtask survives -->\n";
const END: &str = "<!-- end -->\n";

/// Puts `table` in the place of README's.
///
/// # Errors
/// README has no such place, or cannot be read or written.
pub fn write_to_readme(workspace: &Workspace, table: &str) -> Result<()> {
    let path = workspace.path("README.md");
    let text = fs::read_to_string(&path).context("cannot read README.md")?;
    fs::write(&path, replaced(&text, table)?).context("cannot write README.md")
}

fn replaced(text: &str, table: &str) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("README.md has no line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("README.md has no line {END} after it"))?;
    Ok([before, BEGIN, table, END, after].concat())
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
                        | A | 2 of 2 | 1, **failed** 1 B |\n| B | 1 B: it has no such thing | not run |\n";
        assert_eq!(table.markdown(&[Browser::Chromium, Browser::Firefox]), expected);
    }

    #[test]
    fn a_note_stands_for_the_only_entry() {
        let table = Table::default();
        let row = json!({ "fault": "A", "size": "", "ok": true, "note": "5 bytes too many" });
        table.enter(Browser::Chromium, &row);
        table
            .enter(Browser::Webkit, &json!({ "fault": "A", "size": "", "ok": true, "impossible": "it keeps nothing" }));
        let text = table.markdown(&[Browser::Chromium, Browser::Webkit]);
        assert!(text.ends_with("| A | 5 bytes too many | it keeps nothing |\n"), "{text}");
    }

    #[test]
    fn only_the_table_of_the_readme_is_replaced() {
        let text = format!("before\n{BEGIN}old\n{END}after\n");
        assert_eq!(replaced(&text, "new\n").unwrap(), format!("before\n{BEGIN}new\n{END}after\n"));
        assert!(replaced("nothing", "new").is_err());
    }
}
