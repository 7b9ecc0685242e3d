//! Node and npm: found, or installed where they lack.
use std::process::{Command, Stdio};

use anyhow::Result;

use super::install;

/// A program, what shows that it starts, and the packages of Debian that bring it.
pub type Need<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

/// What runs JavaScript outside of browsers.
pub const NODE: [Need<'_>; 2] = [("node", &["--version"], &["nodejs"]), ("npm", &["--version"], &["npm"])];

/// Installs what does not start.
///
/// # Errors
/// Something is missing and cannot be installed.
pub fn ensure(needs: &[Need<'_>]) -> Result<()> {
    let starts = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let missing = needs.iter().filter(|(program, arguments, _)| !starts(program, arguments));
    let packages: Vec<&str> = missing.flat_map(|(_, _, packages)| packages.iter().copied()).collect();
    if packages.is_empty() { Ok(()) } else { install::apt(&packages) }
}
