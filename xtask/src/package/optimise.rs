//! Binaryen's wasm-opt, where it can be had: it takes some more off the wasm. Without it the package works as well.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{process::Group, program::in_path, workspace::Workspace};

/// The version of the npm package `binaryen` that is installed where `PATH` has no wasm-opt.
const VERSION: &str = "132.0.0";
/// What the compiler's wasm may hold is named in itself; and then to nobody.
const PASSES: [&str; 2] = ["-Oz", "--strip-target-features"];

/// Makes `wasm` smaller, or says why not.
pub(super) fn optimise(workspace: &Workspace, wasm: &Path) {
    if let Err(error) = find(workspace).and_then(|program| run(program, wasm)) {
        eprintln!("NOT OPTIMISED: the wasm is some kilobytes larger than it could be: {error:#}");
    }
}

/// What runs wasm-opt: that of `PATH`, or else that of npm below `target/tools/`.
///
/// # Errors
/// There is none, and it cannot be installed.
fn find(workspace: &Workspace) -> Result<Command> {
    if let Some(program) = in_path(&["wasm-opt"]) {
        return Ok(Command::new(program));
    }
    let (node, npm) =
        in_path(&["node"]).zip(in_path(&["npm"])).context("wasm-opt needs node and npm, or to be in PATH")?;
    let folder = workspace.path("target/tools/binaryen").join(VERSION);
    let program = folder.join("node_modules/binaryen/bin/wasm-opt");
    if !program.is_file() {
        install(npm, &folder)?;
    }
    let mut command = Command::new(node);
    command.arg(program);
    Ok(command)
}

fn install(npm: PathBuf, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut command = Command::new(npm);
    command
        .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix"])
        .arg(folder)
        .arg(format!("binaryen@{VERSION}"));
    Group::run(command)
}

fn run(mut wasm_opt: Command, wasm: &Path) -> Result<()> {
    let smaller = wasm.with_extension("opt");
    wasm_opt.args(PASSES).arg(wasm).arg("-o").arg(&smaller);
    Group::run(wasm_opt)?;
    ensure!(fs::read(&smaller).is_ok_and(|bytes| bytes.starts_with(b"\0asm")), "wasm-opt wrote no wasm");
    fs::rename(&smaller, wasm).with_context(|| format!("cannot replace {}", wasm.display()))
}
