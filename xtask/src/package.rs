//! `pkg/`: the wasm, its glue, the hand-written entry module and types, and the npm manifest.
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use crate::{process::Group, sizes, step::step, workspace::Workspace};

const TARGET: &str = "wasm32-unknown-unknown";
/// The name of the generated glue and wasm, as `www/partway.js` imports it.
const OUT_NAME: &str = "partway_wasm";

/// Builds the library for the browser and writes `pkg/`. A build that fails leaves the old `pkg/` as it was.
///
/// # Errors
/// The target cannot be added, the build or wasm-bindgen fails, or a file cannot be read or written.
pub fn write(workspace: &Workspace) -> Result<()> {
    add_target()?;
    let wasm = step("build the library for the browser", || compile(workspace))?;
    step("write pkg/", || {
        let staged = Staged::create(workspace)?;
        bind(workspace, &wasm, &staged.folder, false)?;
        for file in ["partway.js", "partway_names.js", "partway.d.ts"] {
            copy(&workspace.path("www").join(file), &staged.folder.join(file))?;
        }
        let manifest = manifest(workspace)?;
        fs::write(staged.folder.join("package.json"), manifest).context("cannot write package.json")?;
        let folder = staged.publish(&workspace.path("pkg"))?;
        print_sizes(&folder)?;
        // Once more with the functions' names, for the table alone.
        let named = Staged::create(workspace)?;
        bind(workspace, &wasm, &named.folder, true)?;
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

fn compile(workspace: &Workspace) -> Result<PathBuf> {
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
    ]);
    workspace.artifacts(build)?.wasm("partway").context("cargo built no partway.wasm")
}

fn bind(workspace: &Workspace, wasm: &Path, folder: &Path, names: bool) -> Result<()> {
    let ours = workspace.locked_version("wasm-bindgen-cli-support")?;
    let theirs = workspace.locked_version("wasm-bindgen")?;
    ensure!(
        ours == theirs,
        "Cargo.lock has wasm-bindgen {theirs} but wasm-bindgen-cli-support {ours}; they share a private format: \
         set xtask/Cargo.toml to wasm-bindgen-cli-support = \"={theirs}\""
    );
    let mut bindgen = Bindgen::new();
    bindgen
        .web(true)
        .context("wasm-bindgen refuses the web target")?
        .input_path(wasm)
        .out_name(OUT_NAME)
        .typescript(true)
        // Else init() without an argument has no idea where the wasm is, and throws.
        .omit_default_module_path(false)
        .remove_name_section(!names)
        .demangle(false)
        .remove_producers_section(true);
    bindgen.generate(folder).context("wasm-bindgen failed")?;
    // Types of the raw exports: nobody is to call those.
    remove_if_there(&folder.join(format!("{OUT_NAME}_bg.wasm.d.ts")))
}

fn manifest(workspace: &Workspace) -> Result<String> {
    let path = workspace.path("pkg.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    with_version(&text, &workspace.locked_version("partway")?).context("pkg.json")
}

/// Sets the manifest's version in its text: the order of keys has a meaning in `exports` and must stay.
fn with_version(manifest: &str, version: &str) -> Result<String> {
    let json: Value = serde_json::from_str(manifest).context("is no JSON")?;
    let Some(old) = json.get("version").and_then(Value::as_str) else {
        bail!("needs a key \"version\", a string for the build to fill in");
    };
    let (before, after) = manifest.split_once("\"version\"").context("has an escaped key \"version\"")?;
    let filled = format!("{before}\"version\"{}", after.replacen(&format!("\"{old}\""), &format!("\"{version}\""), 1));
    let json: Value = serde_json::from_str(&filled).context("is no JSON after filling in the version")?;
    ensure!(json.get("version").and_then(Value::as_str) == Some(version), "write \"version\" once, at the top");
    Ok(filled)
}

fn print_sizes(folder: &Path) -> Result<()> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    files.sort();
    eprintln!("{:<24} {:>10} {:>10}", "pkg/ (bytes)", "raw", "gzip");
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        eprintln!("{name:<24} {:>10} {:>10}", bytes.len(), gzip.finish()?.len());
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

fn remove_if_there(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// A new `pkg/` being written where nobody looks; removed when dropped before it is published.
struct Staged {
    folder: PathBuf,
    old: PathBuf,
}

impl Staged {
    fn create(workspace: &Workspace) -> Result<Self> {
        let scratch = workspace.scratch()?;
        let id = std::process::id();
        let staged = Self { folder: scratch.join(format!("pkg-{id}.new")), old: scratch.join(format!("pkg-{id}.old")) };
        staged.clear();
        fs::create_dir_all(&staged.folder).with_context(|| format!("cannot create {}", staged.folder.display()))?;
        Ok(staged)
    }

    /// Puts the folder in the place of `pkg`: two renames, nothing in between.
    fn publish(self, pkg: &Path) -> Result<PathBuf> {
        match fs::rename(pkg, &self.old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot move the old {} away", pkg.display()));
            }
            _ => {}
        }
        fs::rename(&self.folder, pkg).with_context(|| format!("cannot move the new {} into place", pkg.display()))?;
        Ok(pkg.to_owned())
    }

    fn clear(&self) {
        for folder in [&self.folder, &self.old] {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_filled_in_and_the_order_of_keys_stays() {
        let manifest = "{\n  \"name\": \"p\",\n  \"version\": \"0.0.0\",\n  \"exports\": { \"types\": \"./p.d.ts\", \"default\": \"./p.js\" }\n}\n";
        let filled = with_version(manifest, "1.2.3").unwrap();
        assert_eq!(filled, manifest.replace("0.0.0", "1.2.3"));
    }

    #[test]
    fn a_manifest_whose_version_cannot_be_found_is_refused() {
        assert!(with_version("{\"name\": \"p\"}", "1.2.3").is_err());
        assert!(with_version("{", "1.2.3").is_err());
        assert!(with_version("{\"a\": {\"version\": \"0\"}, \"version\": \"0\"}", "1.2.3").is_err());
    }

    #[test]
    fn a_staged_folder_replaces_the_old_one_and_leaves_nothing() {
        let root = std::env::temp_dir().join(format!("partway-staged-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let workspace = Workspace { root: root.clone() };
        let pkg = root.join("pkg");
        for text in ["one", "two"] {
            let staged = Staged::create(&workspace).unwrap();
            fs::write(staged.folder.join("file"), text).unwrap();
            staged.publish(&pkg).unwrap();
            assert_eq!(fs::read_to_string(pkg.join("file")).unwrap(), text);
        }
        drop(Staged::create(&workspace).unwrap());
        assert_eq!(fs::read_to_string(pkg.join("file")).unwrap(), "two");
        assert_eq!(fs::read_dir(workspace.scratch().unwrap()).unwrap().count(), 0);
        fs::remove_dir_all(&root).unwrap();
    }
}
