//! `pkg/`: the wasm, its glue, what is served as it was written, and the npm manifest.

mod builder;
mod comments;
mod glue;
mod integrity;
mod manifest;
mod optimise;
mod panics;
mod remains;
mod sources;
mod staged;
mod weights;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use self::{builder::Builder, staged::Staged};
use crate::{process::Group, sizes, step::step, workspace::Workspace};

const TARGET: &str = "wasm32-unknown-unknown";
/// The name of the generated glue and wasm, as `www/partway_load.js` imports it.
const OUT_NAME: &str = "partway_wasm";

/// Builds the library for the browser and writes `pkg/`. A build that fails leaves the old `pkg/` as it was.
///
/// # Errors
/// The target cannot be added, the build or wasm-bindgen fails, a file cannot be read or written, or the element is
/// over its budget.
pub fn write(workspace: &Workspace) -> Result<()> {
    add_target()?;
    let builder = Builder::find(workspace)?;
    let wasm = step("build the library for the browser", || compile(workspace, &builder))?;
    let wasm = fs::read(&wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    step("write pkg/", || {
        let wasm = remains::blanked(&panics::silenced(&wasm)?)?;
        let staged = Staged::create(workspace)?;
        bind(&wasm, &staged.folder, false)?;
        let bound = staged.folder.join(format!("{OUT_NAME}_bg.wasm"));
        optimise::optimise(workspace, &bound);
        glue::shrink(&bound, &staged.folder.join(format!("{OUT_NAME}.js")))?;
        sources::copy(workspace, &staged.folder)?;
        sources::write_inline(&bound, &staged.folder.join(format!("{OUT_NAME}_inline.js")))?;
        fs::write(staged.folder.join("package.json"), manifest::text(workspace)?)
            .context("cannot write package.json")?;
        let files = files(&staged.folder)?;
        builder.is_nowhere_in(&files)?;
        weights::print(&staged.folder, &files)?;
        integrity::write(&staged.folder, &files)?;
        staged.publish(&workspace.path("pkg"))?;
        // Once more with the functions' names, for the table alone.
        let named = Staged::create(workspace)?;
        bind(&wasm, &named.folder, true)?;
        sizes::print(&named.folder.join(format!("{OUT_NAME}_bg.wasm")))
    })
}

/// Adds the wasm target to the toolchain if it lacks it.
///
/// # Errors
/// It is missing and rustup is too, or rustup fails.
pub fn add_target() -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot start rustc")?;
    let folder = String::from_utf8(output.stdout).context("rustc printed a path that is no UTF-8")?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    step(&format!("add the target {TARGET}"), || {
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", TARGET]);
        Group::run(rustup).with_context(|| {
            format!("this Rust has no {TARGET}: install it as your system does, or use the Rust of https://rustup.rs")
        })
    })
}

/// Every file below `folder`, in the order of their paths.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { files.extend(self::files(&path)?) } else { files.push(path) }
    }
    files.sort();
    Ok(files)
}

fn compile(workspace: &Workspace, builder: &Builder) -> Result<PathBuf> {
    let mut build = workspace.cargo();
    // As a cdylib alone: link-time optimisation would be left out silently if an rlib were made too.
    build.args([
        "rustc",
        "--package",
        "partway",
        "--lib",
        "--crate-type",
        "cdylib",
        "--target",
        TARGET,
        "--profile",
        "wasm",
        "--config",
        &format!("target.{TARGET}.rustflags={}", serde_json::to_string(&builder.remapping())?),
    ]);
    workspace.artifacts(build)?.wasm("partway").context("cargo built no partway.wasm")
}

fn bind(wasm: &[u8], folder: &Path, names: bool) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .web(true)
        .context("wasm-bindgen refuses the web target")?
        .input_bytes(OUT_NAME, wasm.to_vec())
        .out_name(OUT_NAME)
        .typescript(true)
        // The entries say where the wasm is. With an address in the glue, `inline` would drag the file along.
        .omit_default_module_path(true)
        .remove_name_section(!names)
        .demangle(false)
        .remove_producers_section(true);
    bindgen.generate(folder).context("wasm-bindgen failed")?;
    // Types of the raw exports: nobody is to call those.
    remove_if_there(&folder.join(format!("{OUT_NAME}_bg.wasm.d.ts")))
}

fn remove_if_there(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}
