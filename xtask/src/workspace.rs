//! Where things are: the repository's folders, `Cargo.lock`, cargo itself.
use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process::Group;

/// The repository this program was built from.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub root: PathBuf,
}

impl Workspace {
    /// Finds the repository: from the folder cargo gives to what it runs, else from where this crate was compiled.
    ///
    /// # Errors
    /// The folder has no parent that holds a `Cargo.lock`.
    pub fn find() -> Result<Self> {
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let root = Path::new(&manifest)
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file())
            .context("no Cargo.lock above xtask: run this inside Partway's repository")?;
        Ok(Self { root: root.to_owned() })
    }

    /// A path inside the repository.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The repository's own scratch folder, ignored by git. Not cargo's, which may be set to another disk.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn scratch(&self) -> Result<PathBuf> {
        let folder = self.path("target/xtask");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }

    /// The cargo that runs us, to be run in the root folder.
    #[must_use]
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        command
    }

    /// Runs a `cargo build` and says which files it made. Its messages go to stderr as they come.
    ///
    /// # Errors
    /// The build fails.
    pub fn artifacts(&self, mut build: Command) -> Result<Artifacts> {
        build.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
        let mut group = Group::spawn(build)?;
        let output = group.take_stdout().context("cargo has no stdout")?;
        let mut messages = Vec::new();
        for line in BufReader::new(output).lines() {
            if let Ok(message) = serde_json::from_str::<Value>(&line?) {
                messages.push(message);
            }
        }
        ensure!(group.wait()?.success(), "the build failed; cargo's messages above say why");
        Ok(Artifacts { messages })
    }

    /// The version `Cargo.lock` has of a package.
    ///
    /// # Errors
    /// `Cargo.lock` cannot be read, or has none or several versions of it.
    pub fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.path("Cargo.lock");
        let lock = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        match locked_versions(&lock, package).as_slice() {
            [version] => Ok((*version).to_owned()),
            [] => bail!("Cargo.lock has no package {package}"),
            several => bail!("Cargo.lock has several versions of {package}: {}", several.join(", ")),
        }
    }
}

/// What a `cargo build` made.
pub struct Artifacts {
    messages: Vec<Value>,
}

impl Artifacts {
    /// The executable of a binary target.
    #[must_use]
    pub fn executable(&self, target: &str) -> Option<PathBuf> {
        self.of(target).find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
    }

    /// The `.wasm` file of a library target.
    #[must_use]
    pub fn wasm(&self, target: &str) -> Option<PathBuf> {
        self.of(target)
            .filter_map(|message| message.get("filenames")?.as_array())
            .flatten()
            .filter_map(Value::as_str)
            .map(PathBuf::from)
            .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
    }

    fn of(&self, target: &str) -> impl Iterator<Item = &Value> {
        self.messages
            .iter()
            .filter(move |message| message.pointer("/target/name").and_then(Value::as_str) == Some(target))
    }
}

fn locked_versions<'lock>(lock: &'lock str, package: &str) -> Vec<&'lock str> {
    let quoted = |line: &'lock str, key: &str| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"');
    let mut lines = lock.lines();
    let mut versions = Vec::new();
    while let Some(line) = lines.next() {
        if quoted(line, "name") == Some(package) {
            versions.extend(lines.next().and_then(|next| quoted(next, "version")));
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::locked_versions;

    #[test]
    fn a_lock_file_tells_every_version_of_a_package() {
        let lock = "[[package]]\nname = \"one\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"one-more\"\nversion = \"4.0.0\"\n\n\
                    [[package]]\nname = \"two\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"two\"\nversion = \"2.0.0\"\n";
        assert_eq!(locked_versions(lock, "one"), ["1.2.3"]);
        assert_eq!(locked_versions(lock, "two"), ["1.0.0", "2.0.0"]);
        assert!(locked_versions(lock, "none").is_empty());
    }
}
