//! Rules of the library's source that text can tell and no compiler does. What breaks one today is listed, and the list
//! may only shrink.
use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// Where the lists are.
const LIST: &str = "the list in xtask/src/rules.rs";

/// Texts that must not stand somewhere.
struct Rule {
    /// What is refused, and what to do.
    sentence: &'static str,
    /// The folder it is about.
    folder: &'static str,
    /// Where code breaks it. Code comes without comments and spaces.
    finds: fn(&str) -> Vec<usize>,
    /// In how many places of which files it is broken today.
    known: &'static [(&'static str, usize)],
}

const RULES: [Rule; 3] = [
    Rule {
        sentence: "browser/ imports nothing from js/: move down what both need",
        folder: "src/browser",
        finds: imports_of_js,
        known: &[],
    },
    Rule {
        sentence: "no new timers: let the engine ask to be woken (`Engine::wake_at`)",
        folder: "src",
        finds: timers,
        // The import, and the timers that are made.
        known: &[
            ("src/browser/driver.rs", 2),
            ("src/browser/lease.rs", 2),
            ("src/browser/tests/mod.rs", 2),
            ("src/browser/tests/time_slice.rs", 2),
        ],
    },
    Rule {
        sentence: "browser/ drives the engine and never looks into it: let the action hold what it needs",
        folder: "src/browser",
        finds: looks_into_the_engine,
        known: &[],
    },
];

/// `crate::js::kind`, `super::super::js::kind`, `use crate::{js::kind, …}`.
fn imports_of_js(code: &str) -> Vec<usize> {
    let ends = |at: &usize| !code.get(at + 2..).unwrap_or_default().starts_with(is_of_a_name);
    let paths = ["crate::js", "super::js"].into_iter().flat_map(|path| code.match_indices(path));
    let mut found: Vec<usize> = paths.map(|(at, _)| at + "crate::".len()).filter(ends).collect();
    for (start, _) in ["crate::{", "super::{"].into_iter().flat_map(|group| code.match_indices(group)) {
        let rest = code.get(start..).unwrap_or_default();
        let group = rest.split_once(';').map_or(rest, |(group, _)| group);
        let names = ["{js", ",js"].into_iter().flat_map(|name| group.match_indices(name));
        found.extend(names.map(|(at, _)| start + at + 1).filter(ends));
    }
    found
}

/// Imports of timers, and timers that are made.
fn timers(code: &str) -> Vec<usize> {
    let made = ["Timeout::new", "Interval::new", "TimeoutFuture::new", "IntervalStream::new"];
    let others = ["gloo_timers", "setTimeout", "setInterval", "set_timeout", "set_interval"];
    let all = made.iter().chain(&others).flat_map(|text| code.match_indices(text));
    all.map(|(at, _)| at).filter(|at| !code.get(..*at).unwrap_or_default().ends_with(is_of_a_name)).collect()
}

/// What a driver calls of an engine.
const DRIVING: [&str; 5] = ["upload", "call", "handle", "poll", "wakes"];

/// Calls of an engine besides those of [`DRIVING`], whatever it is called or borrowed by.
fn looks_into_the_engine(code: &str) -> Vec<usize> {
    let getters = [".view(", ".parts_allowed(", "Engine::"].into_iter().flat_map(|text| code.match_indices(text));
    let mut found: Vec<usize> = getters.map(|(at, _)| at).collect();
    for (at, engine) in code.match_indices("engine.") {
        let rest = code.get(at + engine.len()..).unwrap_or_default();
        let rest =
            ["borrow_mut().", "borrow()."].into_iter().find_map(|borrow| rest.strip_prefix(borrow)).unwrap_or(rest);
        let method = rest.split(|character| !is_of_a_name(character)).next().unwrap_or_default();
        if !DRIVING.contains(&method) {
            found.push(at);
        }
    }
    found
}

fn is_of_a_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Checks the rules over the repository.
///
/// # Errors
/// One is broken, or broken less than the list says; every place has a line.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut files = Vec::new();
    collect(&workspace.root, "src", &mut files)?;
    let found = RULES.iter().flat_map(|rule| rule.offenders(&files)).collect::<Vec<_>>();
    ensure!(found.is_empty(), "the source breaks its rules:\n{}", found.join("\n"));
    Ok(())
}

/// Path and text of every Rust file below the folder.
fn collect(root: &Path, folder: &str, files: &mut Vec<(String, String)>) -> Result<()> {
    let path = root.join(folder);
    for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(root, &name, files)?;
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).with_context(|| format!("cannot read {name}"))?;
            files.push((name, text));
        }
    }
    Ok(())
}

impl Rule {
    /// A line for every place that breaks it, and for every file that does so in fewer places than are known.
    fn offenders(&self, files: &[(String, String)]) -> Vec<String> {
        let mut told = Vec::new();
        let folder = format!("{}/", self.folder);
        for (name, text) in files.iter().filter(|(name, _)| name.starts_with(&folder)) {
            let lines = self.lines(text);
            let known = self.known.iter().find(|(file, _)| file == name).map_or(0, |(_, count)| *count);
            if lines.len() > known {
                told.extend(lines.iter().map(|line| format!("{name}:{line}: {}", self.sentence)));
                told.extend((known > 0).then(|| format!("{name}: {known} of these places are known")));
            } else if lines.len() < known {
                told.push(format!("{name}: {} known places are left: say so in {LIST}", lines.len()));
            }
        }
        let gone = self.known.iter().filter(|(file, _)| !files.iter().any(|(name, _)| name == file));
        told.extend(gone.map(|(file, _)| format!("{file} is gone: take it off {LIST}")));
        told
    }

    /// The lines, from 1, that break it.
    fn lines(&self, text: &str) -> Vec<usize> {
        let (mut code, mut ends) = (String::new(), Vec::new());
        for line in text.lines() {
            let line = line.split_once("//").map_or(line, |(before, _)| before);
            for word in line.split_whitespace() {
                if code.ends_with(is_of_a_name) && word.starts_with(is_of_a_name) {
                    code.push(' ');
                }
                code.push_str(word);
            }
            ends.push(code.len());
        }
        let mut lines: Vec<_> =
            (self.finds)(&code).iter().map(|at| 1 + ends.partition_point(|end| end <= at)).collect();
        lines.sort_unstable();
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn an_import_of_js_is_found_however_it_is_written() {
        let [rule, ..] = RULES;
        for (text, lines) in [
            ("let kind = crate::js::kind(given);\nlet kind = crate :: js::kind(given);", vec![1, 2]),
            ("use crate::{\n    engine::Engine,\n    js::{kind, options},\n};", vec![3]),
            ("use crate::{js, engine};\nuse super::super::js as up;", vec![1, 2]),
            ("use super::super::{\n    js,\n};", vec![2]),
            ("// crate::js::kind\nuse js_sys::Array;\nuse crate::js_names;\nlet js = [other, js];", vec![]),
        ] {
            assert_eq!(rule.lines(text), lines, "{text}");
        }
    }

    #[test]
    fn a_timer_is_found_however_it_is_made() {
        let [_, rule, _] = RULES;
        for (text, lines) in [
            ("use gloo_timers::callback::Timeout;\n\nlet it = Timeout::new(1, go);", vec![1, 3]),
            ("window\n    .set_timeout_with_callback(&go)", vec![2]),
            ("#[wasm_bindgen(js_name = setTimeout)]", vec![1]),
            ("Failure::new(Code::Timeout, \"late\");\nlet it = StallTimeout::new(1); // Timeout::new", vec![]),
        ] {
            assert_eq!(rule.lines(text), lines, "{text}");
        }
    }

    #[test]
    fn a_look_into_the_engine_is_found() {
        let [.., rule] = RULES;
        for (text, lines) in [
            ("self.engine.borrow_mut().poll(now());\nself.engine\n    .borrow()\n    .wakes();", vec![]),
            ("let engine = self.engine.borrow();", vec![1]),
            ("it;\ndriver.engine.borrow().is_offline()", vec![2]),
            ("shown.view(upload, now())", vec![1]),
            ("Engine::new(config, seed)", vec![1]),
            ("use crate::engine::{Action, Engine};\nengine: Rc<RefCell<Engine>>,\nSelf { engine, service }", vec![]),
        ] {
            assert_eq!(rule.lines(text), lines, "{text}");
        }
    }

    #[test]
    fn the_list_of_what_is_known_only_shrinks() {
        let [rule, ..] = RULES;
        let rule = Rule { known: &[("src/browser/token.rs", 1)], ..rule };
        let one = "crate::js::kind(it);";
        assert!(rule.offenders(&[file("src/browser/token.rs", one)]).is_empty());
        let two = [file("src/browser/token.rs", &format!("{one}\n{one}"))];
        assert!(rule.offenders(&two).iter().any(|line| line.starts_with("src/browser/token.rs:2: ")));
        assert_eq!(rule.offenders(&[file("src/browser/token.rs", "")]).len(), 1);
        assert_eq!(rule.offenders(&[]).len(), 1);
        let elsewhere =
            [file("src/browser/token.rs", one), file("src/js/mod.rs", one), file("src/browser/new.rs", one)];
        assert_eq!(rule.offenders(&elsewhere), [format!("src/browser/new.rs:1: {}", rule.sentence)]);
    }
}
