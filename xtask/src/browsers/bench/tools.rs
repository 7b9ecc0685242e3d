//! What the race takes from npm: installed into `target/tools/bench`, and bundled for the page.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    browsers::consumers::{tools::Tools, versions::Versions},
    workspace::Workspace,
};

/// The folders with a `package.json` below `tests/bench/`.
const FOLDERS: [&str; 2] = ["", "uppy5"];

/// Node, and what is installed.
pub struct Peers {
    node: Tools,
    source: PathBuf,
    folder: PathBuf,
}

impl Peers {
    /// Installs what `tests/bench/` names, unless it is there.
    ///
    /// # Errors
    /// Node is missing and cannot be installed, or npm fails.
    pub fn install(workspace: &Workspace) -> Result<Self> {
        let node = Tools::find(workspace, &Versions::read(workspace)?)?;
        let (source, folder) = (workspace.path("tests/bench"), workspace.path("target/tools/bench"));
        for name in FOLDERS {
            let wanted = fs::read(source.join(name).join("package.json"))?;
            let folder = folder.join(name);
            let installed = folder.join("node_modules/.installed.json");
            if fs::read(&installed).is_ok_and(|there| there == wanted) {
                continue;
            }
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            fs::write(folder.join("package.json"), &wanted)?;
            node.install(&folder)?;
            fs::write(&installed, &wanted).context("cannot write down what is installed")?;
        }
        Ok(Self { node, source, folder })
    }

    /// Where the bundles are.
    #[must_use]
    pub fn built(&self) -> PathBuf {
        self.folder.join("built")
    }

    /// Bundles those who race; gives what each of them, and Partway, weighs: bytes after brotli.
    ///
    /// # Errors
    /// A bundle cannot be made.
    pub fn build(&self, pkg: &Path) -> Result<Vec<(String, f64)>> {
        let script = self.source.join("build.mjs");
        let paths = [&script, &self.source, &self.folder, pkg].map(|path| path.to_string_lossy().into_owned());
        let said = self.node.node(&self.folder, &paths.each_ref().map(String::as_str))?;
        let weights: Value = serde_json::from_str(&said).with_context(|| format!("the bundler said: {said}"))?;
        let weights = weights.as_object().into_iter().flatten();
        Ok(weights.filter_map(|(who, bytes)| Some((who.clone(), bytes.as_f64()?))).collect())
    }

    /// What starts the tus server. Its script stands beside what it imports.
    ///
    /// # Errors
    /// It cannot be copied there.
    pub fn tus(&self) -> Result<Command> {
        let script = self.folder.join("tus-server.mjs");
        fs::copy(self.source.join("tus-server.mjs"), &script).context("cannot copy the tus server")?;
        let mut command = self.node.command("node", &self.folder);
        command.arg(script);
        Ok(command)
    }

    /// The exact versions, as `package.json` names them.
    ///
    /// # Errors
    /// A `package.json` is none.
    pub fn versions(&self) -> Result<Vec<String>> {
        let mut versions = Vec::new();
        for name in FOLDERS {
            let text = fs::read_to_string(self.source.join(name).join("package.json"))?;
            let json: Value = serde_json::from_str(&text)?;
            let named = json.get("dependencies").and_then(Value::as_object).into_iter().flatten();
            versions.extend(named.filter_map(|(name, version)| Some(format!("{name} {}", version.as_str()?))));
        }
        Ok(versions)
    }
}
