//! Names against the software of others: what that needs is found, or installed where it lacks.
use anyhow::Result;

use super::node::{self, NODE, Need};
use crate::{native::EVERYTHING, tally::Tally, workspace::Workspace};

/// Runs `tests/names_peers.rs`, which prints how many of each it compared.
///
/// # Errors
/// Something is missing and cannot be installed, or a name differs.
pub fn run(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    // Debian keeps what makes a virtual environment apart.
    let others: [Need<'_>; 2] = [
        ("python3", &["-c", "import ensurepip, venv"], &["python3", "python3-venv"]),
        ("openssl", &["version"], &["openssl"]),
    ];
    node::ensure(&[NODE.as_slice(), &others].concat())?;
    let mut test = workspace.cargo();
    test.args(["test", "--no-fail-fast", "--test", "names_peers"]).args(EVERYTHING).args(["--", "--nocapture"]);
    tally.run(test)
}
