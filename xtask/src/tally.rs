//! How many tests ran: read from what cargo prints, or counted one by one.
use std::{
    io::{BufRead as _, BufReader},
    ops::AddAssign,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::process::Group;

/// Tests that passed and tests that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
}

impl Tally {
    /// Counts one test.
    pub fn count(&mut self, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Runs a `cargo test`, passes its output on line by line, and counts what its `test result:` lines tell.
    ///
    /// # Errors
    /// It cannot be started, or ends with another status than success.
    pub fn run(&mut self, mut command: Command) -> Result<()> {
        command.stdout(Stdio::piped());
        let mut group = Group::spawn(command)?;
        let output = group.take_stdout().context("cargo has no stdout")?;
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            *self += Self::of_line(&line).unwrap_or_default();
        }
        ensure!(group.wait()?.success(), "tests failed; the lines above say which");
        Ok(())
    }

    /// What a line such as `test result: ok. 3 passed; 0 failed; …` tells.
    fn of_line(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count =
            |word: &str| counts.split("; ").find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok());
        Some(Self { passed: count("passed")?, failed: count("failed")? })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_both_runners() {
        let native = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.14s";
        assert_eq!(Tally::of_line(native), Some(Tally { passed: 12, failed: 0 }));
        let browser = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 filtered out; finished in 1.2s";
        assert_eq!(Tally::of_line(browser), Some(Tally { passed: 3, failed: 2 }));
        assert_eq!(Tally::of_line("test names::it ... ok"), None);
    }

    #[test]
    fn a_run_is_counted_and_its_failure_is_an_error() {
        let mut tally = Tally::default();
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored'; exit 101"]);
        assert!(tally.run(shell).is_err());
        assert_eq!(tally, Tally { passed: 1, failed: 1 });
    }
}
