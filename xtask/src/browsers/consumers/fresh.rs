//! A fresh app: an example, copied away from the repository, with the packed package as its dependency.
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{
    tools::{self, Tools},
    versions::{Pins, Versions},
};
use crate::workspace::Workspace;

/// An app's own folder; removed when dropped.
#[derive(Debug)]
pub struct Fresh {
    /// Where it is.
    pub folder: PathBuf,
}

impl Fresh {
    /// Copies a folder of the repository to `folder`: only what belongs to the repository, nothing that was installed
    /// or built there.
    ///
    /// # Errors
    /// There is no such folder.
    pub fn copy(workspace: &Workspace, source: &str, folder: &Path) -> Result<Self> {
        let (name, source) = (source, workspace.path(source));
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&source)
            .output()
            .context("cannot ask git which files are the repository's")?;
        let files = String::from_utf8(output.stdout).context("a file has a name that is no UTF-8")?;
        ensure!(!files.is_empty(), "{name} has no files");
        for file in files.split_terminator('\0') {
            let target = folder.join(file);
            fs::create_dir_all(target.parent().context("a file is in no folder")?)?;
            fs::copy(source.join(file), &target).with_context(|| format!("cannot copy {file} of {name}"))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Installs its packages in exact versions, and Partway from its tarball.
    ///
    /// # Errors
    /// A version is not known, or npm fails.
    pub fn install(&self, tools: &Tools, versions: &Versions, pins: Pins<'_>, tarball: &Path) -> Result<()> {
        let path = self.folder.join("package.json");
        let manifest = fs::read_to_string(&path).context("no package.json")?;
        fs::write(&path, versions.pin(&manifest, pins, &tarball.to_string_lossy())?)?;
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
        tools::run(npm)?;
        Ok(folder.join("node_modules/partway"))
    }

    /// Copies the installed package, without what it depends on, to a folder of this name.
    ///
    /// # Errors
    /// It is not installed, or a file cannot be copied.
    pub fn copy_package(&self, name: &str) -> Result<()> {
        copy_all(&self.folder.join("node_modules/partway"), &self.folder.join(name))
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // Now, while others build: what npm installed is tens of thousands of files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
