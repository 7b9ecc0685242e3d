//! Comments, and the prose of documents, fit into 120 columns: rustfmt looks at neither.

#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

/// Most columns of a line, a character each.
const MOST: usize = 120;
const ENDINGS: [&str; 7] = ["rs", "js", "mjs", "ts", "tsx", "css", "md"];

/// Numbers, from 1, of the lines of a file that are too long and are a comment, end in one, or are prose.
fn too_long(ending: &str, text: &str) -> Vec<usize> {
    // Within a block comment, or within the fenced code of a document.
    let mut inside = false;
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let counts = if ending == "md" { is_prose(line, &mut inside) } else { is_comment(line, ending, &mut inside) };
        if counts && line.chars().count() > MOST {
            found.push(number);
        }
    }
    found
}

/// Tables and pictures cannot be wrapped, and code is not prose.
fn is_prose(line: &str, in_code: &mut bool) -> bool {
    let line = line.trim_start();
    let fence = line.starts_with("```");
    *in_code ^= fence;
    !(fence || *in_code || line.starts_with('|') || line.starts_with("!["))
}

fn is_comment(line: &str, ending: &str, in_block: &mut bool) -> bool {
    let line = line.trim();
    if *in_block || line.starts_with("/*") {
        *in_block = !line.contains("*/");
        return true;
    }
    if ending == "css" {
        return line.contains("/*");
    }
    // Behind code, and not within a text: `"` and `` ` `` before it come in pairs.
    let is_closed = |before: &str| ['"', '`'].iter().all(|quote| before.matches(*quote).count() % 2 == 0);
    line.starts_with("//") || line.match_indices(" // ").any(|(place, _)| is_closed(line.get(..place).unwrap_or("")))
}

/// `file:line` of every line that is too long.
fn offenders() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output().unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    assert!(names.contains("Cargo.toml"), "git does not say which files are the repository's");
    let mut found = Vec::new();
    for name in names.split_terminator('\0') {
        let Some(ending) = Path::new(name).extension().and_then(|ending| ending.to_str()) else { continue };
        // A tracked file that was just deleted has no lines.
        let text = if ENDINGS.contains(&ending) { std::fs::read_to_string(root.join(name)).ok() } else { None };
        let lines = text.map(|text| too_long(ending, &text)).unwrap_or_default();
        found.extend(lines.into_iter().map(|line| format!("{name}:{line}")));
    }
    found
}

#[test]
fn comments_and_prose_fit_into_120_columns() {
    let found = offenders();
    assert!(found.is_empty(), "longer than {MOST} columns:\n{}", found.join("\n"));
}

#[test]
fn a_long_comment_is_found_wherever_it_stands() {
    let long = "x ".repeat(61);
    let short = "x ".repeat(50);
    for (ending, text, lines) in [
        ("rs", format!("/// {short}\n    // {long}\n//! {long}"), vec![2, 3]),
        ("rs", format!("let it = 1; // {long}\nlet text = \" // {long}\";"), vec![1]),
        ("js", format!("/**\n * {long}\n */\nconst text = \"{long}\";"), vec![2]),
        ("js", format!("/** {long} */\nconst text = \"{long}\";"), vec![1]),
        ("css", format!("a {{ {long} }}\nb {{ }} /* {long} */"), vec![2]),
        ("md", format!("{long}\n\n| {long} |\n```\n{long}\n```\n![{long}]()\n{long}"), vec![1, 8]),
    ] {
        assert_eq!(too_long(ending, &text), lines, "{text}");
    }
}
