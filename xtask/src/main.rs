//! `cargo xtask`: the commands that need only Rust, and the door to those that drive browsers.
use std::process::ExitCode;

use anyhow::{Context, Result};
use xtask::{
    arguments::{Arguments, Command},
    check, demo, package, process, simulate,
    workspace::Workspace,
};

fn main() -> ExitCode {
    process::exit_code(run())
}

fn run() -> Result<()> {
    let Arguments { command } = Arguments::read();
    process::stop_all_on_interrupt()?;
    let workspace = Workspace::find()?;
    match command {
        Command::Build => package::write(&workspace),
        Command::Check => check::run(&workspace),
        Command::Demo { port } => demo::run(&workspace, port),
        Command::Simulate { minutes } => simulate::run(&workspace, minutes),
        Command::Test(_) | Command::Bench(_) | Command::Survives | Command::Screenshot => run_with_browsers(&workspace),
    }
}

/// Builds `xtask-browsers` and becomes it, with the same arguments.
fn run_with_browsers(workspace: &Workspace) -> Result<()> {
    // With the gateway, so that features are resolved as in the test steps and nothing is compiled twice. Without the
    // library: one that does not compile is for the steps to tell.
    let mut build = workspace.cargo();
    build.args(["build", "--package", "xtask", "--package", "partway-gateway", "--features"]);
    build.arg("xtask/browsers,partway-gateway/faults");
    let program = workspace.artifacts(build)?.executable("xtask-browsers").context("cargo built no xtask-browsers")?;
    let mut program = std::process::Command::new(program);
    program.args(std::env::args_os().skip(1)).current_dir(&workspace.root);
    process::become_program(program)
}
