//! The demo page on loopback.
use anyhow::Result;

use crate::{gateway::Gateway, package, step::step, workspace::Workspace};

/// Builds the package and the gateway, starts it on loopback, prints the address, and serves until interrupted.
///
/// # Errors
/// A build fails, or the port is taken.
pub fn run(workspace: &Workspace, port: u16) -> Result<()> {
    package::write(workspace)?;
    let program = step("build the gateway", || Gateway::build(workspace))?;
    let gateway = Gateway::start(workspace, program, port, &[])?;
    // The word is for this page alone: after the #, which no server sees; the page takes it out of its address.
    println!("\nPartway's demo: {}/#faults={} (Ctrl-C stops it)", gateway.origin, gateway.word);
    gateway.wait()
}
