//! The commands that drive browsers. `cargo xtask test`, `bench`, `survives` and `screenshot` build this and become it;
//! cargo calls it as the runner of wasm tests.
use std::process::ExitCode;

use anyhow::{Result, bail};
use xtask::{
    arguments::{Arguments, Command},
    browsers::{bench, screenshot, suite, wasm_tests},
    process,
    workspace::Workspace,
};

fn main() -> ExitCode {
    process::exit_code(run())
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    // The runner has children of its own making: an interrupt reaches them with the group they are all in.
    if arguments.next().as_deref() == Some(wasm_tests::RUNNER) {
        return wasm_tests::be_runner(arguments);
    }
    let Arguments { command } = Arguments::read();
    process::stop_all_on_interrupt()?;
    let workspace = Workspace::find()?;
    match command {
        Command::Test(selection) => suite::run(&workspace, &selection),
        Command::Bench(race) => bench::run(&workspace, &race),
        Command::Survives => suite::survives(&workspace),
        Command::Screenshot => screenshot::run(&workspace),
        _ => bail!("this drives browsers; `cargo xtask` does the rest"),
    }
}
