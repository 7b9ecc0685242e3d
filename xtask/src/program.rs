//! Programs that the project runs: found, or compiled from crates.io.
use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{process::Group, step::step, workspace::Workspace};

/// The first of these programs that `PATH` has.
#[must_use]
pub fn in_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// A program that was compiled here, or is in `PATH`.
#[must_use]
pub fn found(workspace: &Workspace, name: &str) -> Option<PathBuf> {
    let ours = tools(workspace).join("bin").join(name);
    if ours.is_file() { Some(ours) } else { in_path(&[name]) }
}

/// The same; where it is missing, this version of the crate of that name is compiled.
///
/// # Errors
/// It does not compile.
pub fn compiled(workspace: &Workspace, name: &str, version: &str) -> Result<PathBuf> {
    if let Some(program) = found(workspace, name) {
        return Ok(program);
    }
    step(&format!("compile {name} {version}"), || compile(workspace, &tools(workspace), name, version))?;
    found(workspace, name).with_context(|| format!("{name} is still missing after it was compiled"))
}

fn tools(workspace: &Workspace) -> PathBuf {
    workspace.path("target/tools")
}

fn compile(workspace: &Workspace, tools: &Path, name: &str, version: &str) -> Result<()> {
    let scratch = tools.join(format!("{name}-build"));
    let mut install = workspace.cargo();
    install
        .args(["install", "--locked", "--debug", name, "--version", version, "--root"])
        .arg(tools)
        .arg("--target-dir")
        .arg(&scratch)
        // It is only to run: without debug information it compiles faster and takes a third of the space.
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    Group::run(install)?;
    std::fs::remove_dir_all(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))
}
