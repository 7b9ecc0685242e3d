//! Where things are: the repository's folders, cargo itself.
use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
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
