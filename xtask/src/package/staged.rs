//! A folder that is written aside and then takes the place of `pkg/`.
use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// A new `pkg/` being written where nobody looks; removed when dropped before it is published.
pub(super) struct Staged {
    pub(super) folder: PathBuf,
    old: PathBuf,
}

impl Staged {
    pub(super) fn create(workspace: &Workspace) -> Result<Self> {
        let scratch = workspace.scratch()?;
        let id = std::process::id();
        let staged = Self { folder: scratch.join(format!("pkg-{id}.new")), old: scratch.join(format!("pkg-{id}.old")) };
        staged.clear();
        fs::create_dir_all(&staged.folder).with_context(|| format!("cannot create {}", staged.folder.display()))?;
        Ok(staged)
    }

    /// Puts the folder in the place of `pkg`: two renames, nothing in between.
    pub(super) fn publish(self, pkg: &Path) -> Result<()> {
        match fs::rename(pkg, &self.old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot move the old {} away", pkg.display()));
            }
            _ => {}
        }
        fs::rename(&self.folder, pkg).with_context(|| format!("cannot move the new {} into place", pkg.display()))
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
