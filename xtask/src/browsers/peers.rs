//! Names against the software of others: what that needs is found, or installed where it lacks.
use std::process::{Command, Stdio};

use anyhow::Result;

use super::{install, suite::EVERYTHING};
use crate::{tally::Tally, workspace::Workspace};

/// Runs `tests/names_peers.rs`, which prints how many of each it compared.
///
/// # Errors
/// Something is missing and cannot be installed, or a name differs.
pub fn run(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    let starts = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    // Debian keeps what makes a virtual environment apart.
    let needs: [(&str, &[&str], &[&str]); 4] = [
        ("python3", &["-c", "import ensurepip, venv"], &["python3", "python3-venv"]),
        ("node", &["--version"], &["nodejs"]),
        ("npm", &["--version"], &["npm"]),
        ("openssl", &["version"], &["openssl"]),
    ];
    let missing = needs.iter().filter(|(program, arguments, _)| !starts(program, arguments));
    let packages: Vec<&str> = missing.flat_map(|(_, _, packages)| packages.iter().copied()).collect();
    if !packages.is_empty() {
        install::apt(&packages)?;
    }
    let mut test = workspace.cargo();
    test.args(["test", "--no-fail-fast", "--test", "names_peers"]).args(EVERYTHING).args(["--", "--nocapture"]);
    tally.run(test)
}
