//! Who builds: no path of that machine may be in the package, where it would tell a name, and make two builds differ.
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// Folders of the machine, and what the package calls them.
pub(super) struct Builder {
    folders: Vec<(PathBuf, &'static str)>,
    home: Option<PathBuf>,
}

impl Builder {
    /// # Errors
    /// The compiler cannot be started.
    pub(super) fn find(workspace: &Workspace) -> Result<Self> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let sysroot = Command::new(rustc).args(["--print", "sysroot"]).output().context("cannot start rustc")?;
        let sysroot = String::from_utf8(sysroot.stdout).context("rustc printed a path that is no UTF-8")?;
        let home = env::home_dir();
        let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".cargo")));
        // The compiler takes the last that fits.
        let mut folders = vec![(PathBuf::from(sysroot.trim()), "/rust"), (workspace.root.clone(), "/partway")];
        if let Some(cargo) = cargo {
            // A registry's folder bears its host's name.
            let registries = fs::read_dir(cargo.join("registry/src")).into_iter().flatten().flatten();
            let registries: Vec<_> = registries.map(|registry| (registry.path(), "/crates")).collect();
            folders.push((cargo, "/cargo"));
            folders.extend(registries);
        }
        Ok(Self { folders, home })
    }

    /// What tells the compiler to name the folders so.
    pub(super) fn remapping(&self) -> Vec<String> {
        let flag = |(folder, name): &(PathBuf, &str)| format!("--remap-path-prefix={}={name}", folder.display());
        self.folders.iter().map(flag).collect()
    }

    /// # Errors
    /// One of the files names a folder of this machine.
    pub(super) fn is_nowhere_in(&self, files: &[PathBuf]) -> Result<()> {
        let folders = self.folders.iter().map(|(folder, _)| folder).chain(&self.home);
        let paths: Vec<_> = folders.filter(|folder| folder.parent().is_some()).map(|folder| below(folder)).collect();
        for file in files {
            let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let found = paths.iter().find(|path| holds(&bytes, path.as_bytes()));
            ensure!(found.is_none(), "{} names a folder of this machine", file.display());
        }
        Ok(())
    }
}

/// How the path of a file in `folder` begins.
fn below(folder: &Path) -> String {
    format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR)
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_machine_is_found_and_others_are_not() {
        let root = env::temp_dir().join(format!("partway-builder-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let (clean, dirty) = (root.join("clean.wasm"), root.join("dirty.wasm"));
        fs::write(&clean, b"\0asm/crates/aes/src/lib.rs /someone").unwrap();
        fs::write(&dirty, b"\0asm\xff/someone/registry/aes/src/lib.rs").unwrap();
        let builder = Builder { folders: vec![("/someone".into(), "/cargo")], home: Some("/".into()) };
        assert_eq!(builder.remapping(), ["--remap-path-prefix=/someone=/cargo"]);
        builder.is_nowhere_in(std::slice::from_ref(&clean)).unwrap();
        assert!(builder.is_nowhere_in(&[clean, dirty]).is_err());
        fs::remove_dir_all(&root).unwrap();
    }
}
