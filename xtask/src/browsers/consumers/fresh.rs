//! A fresh app: an example, copied away from the repository, with the packed package as its dependency.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{
    apps::App,
    tools::{self, Tools},
    versions::Versions,
};
use crate::workspace::Workspace;

/// An app's own folder.
#[derive(Debug)]
pub struct Fresh {
    /// Where it is.
    pub folder: PathBuf,
}

impl Fresh {
    /// Copies the example below `parent`: only what belongs to the repository, nothing that was installed or built there.
    ///
    /// # Errors
    /// There is no such example.
    pub fn copy(workspace: &Workspace, app: &App, parent: &Path) -> Result<Self> {
        let source = workspace.path("examples").join(app.folder);
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&source)
            .output()
            .context("cannot ask git which files an example has")?;
        let files = String::from_utf8(output.stdout).context("a file of an example has a name that is no UTF-8")?;
        ensure!(!files.is_empty(), "examples/{} has no files", app.folder);
        let folder = parent.join(app.name.replace([' ', ','], "-"));
        for file in files.split_terminator('\0') {
            let target = folder.join(file);
            fs::create_dir_all(target.parent().context("a file is in no folder")?)?;
            fs::copy(source.join(file), &target).with_context(|| format!("cannot copy {file} of {}", app.folder))?;
        }
        Ok(Self { folder })
    }

    /// Installs its packages in exact versions, and Partway from its tarball.
    ///
    /// # Errors
    /// A version is not known, or npm fails.
    pub fn install(&self, tools: &Tools, versions: &Versions, app: &App, tarball: &Path) -> Result<()> {
        let path = self.folder.join("package.json");
        let manifest = fs::read_to_string(&path).context("an example has no package.json")?;
        fs::write(&path, versions.pin(&manifest, app.pins, &tarball.to_string_lossy())?)?;
        tools.install(&self.folder)
    }

    /// Replaces a text of a file.
    ///
    /// # Errors
    /// The file does not have it.
    pub fn replace(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        ensure!(text.contains(from), "{file} has no {from}");
        Ok(fs::write(&path, text.replace(from, to))?)
    }

    /// Unpacks the tarball beside the app; gives the package's folder.
    ///
    /// # Errors
    /// npm fails.
    pub fn unpack(&self, tools: &Tools, tarball: &Path) -> Result<PathBuf> {
        let folder = self.folder.with_extension("cdn");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("package.json"), r#"{"private":true}"#)?;
        let mut npm = tools.command("npm", &folder);
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--omit=peer"])
            .arg(tarball);
        tools::run(npm, &folder)?;
        Ok(folder.join("node_modules/partway"))
    }
}
