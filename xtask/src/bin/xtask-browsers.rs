//! The commands that drive browsers. `cargo xtask test`, `survives` and `screenshot` build this and become it; cargo
//! calls it as the runner of wasm tests.
use std::process::ExitCode;

use anyhow::{Result, bail};
use xtask::{
    browsers::{screenshot, suite, suite::Selection, wasm_tests},
    process,
    workspace::Workspace,
};

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
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    // The runner has children of its own making: an interrupt reaches them with the group they are all in.
    if command == wasm_tests::RUNNER {
        return wasm_tests::be_runner(arguments);
    }
    process::stop_all_on_interrupt()?;
    let workspace = Workspace::find()?;
    match command.as_str() {
        "test" => suite::run(&workspace, &Selection::parse(arguments)?),
        "survives" => suite::survives(&workspace),
        "screenshot" => screenshot::run(&workspace),
        _ => bail!("this is what `cargo xtask` runs; see `cargo xtask help`"),
    }
}
