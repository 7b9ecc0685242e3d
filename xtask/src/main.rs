//! `cargo xtask`: the commands that need only Rust, and the door to those that drive browsers.
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use xtask::{demo, package, process, simulate, workspace::Workspace};

const USAGE: &str = "\
cargo xtask build                write pkg/: the wasm, its glue, the entry module, the types
cargo xtask demo [--port N]      build, start the gateway on loopback, print the demo's address (default port 8787)
cargo xtask test [--only STEP] [--browser chromium|firefox|webkit] [--fault TEXT] [--test TEXT]
                                 everything: formatting, clippy, native tests, three browsers, end to end
cargo xtask simulate --minutes N play random schedules of every fault against the engine, for so long
cargo xtask survives             all that uploads survive, in three browsers; writes the table of README
cargo xtask screenshot           save the pictures of the demo: www/*.png, docs/screenshots/";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    process::stop_all_on_interrupt()?;
    let workspace = Workspace::find()?;
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match (command.as_str(), rest.as_slice()) {
        ("build", []) => package::write(&workspace),
        ("demo", []) => demo::run(&workspace, 8787),
        ("demo", [flag, port]) if flag == "--port" => {
            demo::run(&workspace, port.parse().context("--port takes a number, 0 to 65535")?)
        }
        ("simulate", [flag, minutes]) if flag == "--minutes" => {
            simulate::run(&workspace, minutes.parse().context("--minutes takes a whole number")?)
        }
        ("test" | "survives" | "screenshot", _) => run_with_browsers(&workspace, &command, &rest),
        ("help" | "--help" | "-h", []) => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown command or argument; these exist:\n{USAGE}"),
    }
}

/// Builds `xtask-browsers` and becomes it.
fn run_with_browsers(workspace: &Workspace, command: &str, rest: &[String]) -> Result<()> {
    // With the gateway, so that features are resolved as in the test steps and nothing is compiled twice. Without the
    // library: one that does not compile is for the steps to tell.
    let mut build = workspace.cargo();
    build.args(["build", "--package", "xtask", "--package", "partway-gateway", "--features"]);
    build.arg("xtask/browsers,partway-gateway/faults");
    let program = workspace.artifacts(build)?.executable("xtask-browsers").context("cargo built no xtask-browsers")?;
    let mut program = std::process::Command::new(program);
    program.arg(command).args(rest).current_dir(&workspace.root);
    process::become_program(program)
}
