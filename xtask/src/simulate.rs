//! `cargo xtask simulate`: the simulation of the engine, for as long as there is time.
use anyhow::Result;

use crate::{process::Group, workspace::Workspace};

/// Plays random schedules for `minutes`, optimised; the simulation prints how many there were, or the seed of the one
/// that broke a promise and how to replay it.
///
/// # Errors
/// A promise was broken, or the simulation does not compile.
pub fn run(workspace: &Workspace, minutes: u64) -> Result<()> {
    let mut simulation = workspace.cargo();
    simulation.args(["test", "--package", "partway", "--release", "--test", "simulation", "--", "--nocapture"]);
    simulation.env("PARTWAY_MINUTES", minutes.to_string());
    Group::run(simulation)
}
