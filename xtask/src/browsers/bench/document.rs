//! `bench.md`: a table a row.
use std::fmt::Write as _;

use super::results::{GIVEN_UP, Record, Results};

/// Most columns of prose.
const COLUMNS: usize = 120;

/// A paragraph in lines of at most 120 columns.
#[must_use]
pub fn wrapped(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines.push_str(&line);
            lines.push('\n');
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines + &line + "\n"
}

/// Writes the tables. `head` says where and when.
#[must_use]
pub fn markdown(results: &Results, head: &str) -> String {
    let mut text = format!("{head}\n");
    let mut rows: Vec<&str> = Vec::new();
    for record in &results.0 {
        if !rows.contains(&record.row.as_str()) {
            rows.push(&record.row);
        }
    }
    for row in rows {
        table(&mut text, results, row);
    }
    text
}

fn table(text: &mut String, results: &Results, row: &str) {
    let records: Vec<&Record> = results.0.iter().filter(|record| record.row == row).collect();
    let (mut who, mut figures): (Vec<&str>, Vec<(&str, &str)>) = (Vec::new(), Vec::new());
    for record in &records {
        if !who.contains(&record.who.as_str()) && !record.who.starts_with("limit") {
            who.push(&record.who);
        }
        if !figures.contains(&(record.figure.as_str(), record.unit.as_str())) {
            figures.push((&record.figure, &record.unit));
        }
    }
    let limit = records.iter().find(|record| record.who == "limit");
    if limit.is_some() {
        who.insert(0, "limit");
    }
    // Writing into a text cannot fail.
    let compared = limit.map_or("", |_| " of the limit |");
    let _ = write!(text, "\n## {row}\n\n| who |{compared}");
    for (figure, unit) in &figures {
        let _ = write!(text, " {figure}, {unit} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---:|".repeat(figures.len() + usize::from(limit.is_some())));
    for who in who {
        let of = |figure: &str| results.find(row, who, figure);
        let ratio = figures.iter().find_map(|(figure, _)| results.ratio(of(figure)?));
        let _ = write!(text, "| {who} |");
        if limit.is_some() {
            let _ = write!(text, " {} |", ratio.map_or(String::new(), |ratio| format!("{ratio:.2}")));
        }
        for (figure, _) in &figures {
            let _ = write!(text, " {} |", of(figure).map_or(String::new(), cell));
        }
        text.push('\n');
    }
    let same =
        |record: &&&Record| limit.is_some_and(|limit| record.figure == limit.figure && record.runs == limit.runs);
    if let Some(best) = records.iter().filter(|record| record.who.starts_with("limit:")).find(same) {
        let _ = writeln!(text, "\nThe limit is the loop with {}.", best.who.trim_start_matches("limit: "));
    }
}

/// The median, and from where to where the runs went.
fn cell(record: &Record) -> String {
    if record.figure == GIVEN_UP {
        return record.runs.len().to_string();
    }
    let (least, most) = record.range();
    if record.runs.len() == 1 {
        number(record.median())
    } else {
        format!("{} ({} to {})", number(record.median()), number(least), number(most))
    }
}

fn number(value: f64) -> String {
    let digits = if value == 0.0 || value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_table_with_the_limit_first() {
        let mut results = Results::default();
        results.add("a row", "partway", "throughput", "MB/s", 90.0);
        results.add("a row", "limit: xhr", "throughput", "MB/s", 100.0);
        results.add("a row", "partway", "longest task", "ms", 0.0);
        results.set_limit("a row", "throughput");
        let text = markdown(&results, "# Head");
        let table = "\n## a row\n\n| who | of the limit | throughput, MB/s | longest task, ms |\n|---|---:|---:|---:|\n\
                     | limit | 1.00 | 100 |  |\n| partway | 0.90 | 90.0 | 0 |\n\nThe limit is the loop with xhr.\n";
        assert_eq!(text, format!("# Head\n{table}"));
    }

    #[test]
    fn prose_is_wrapped() {
        let text = wrapped(&"word ".repeat(50));
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [119, 119, 9]);
    }
}
