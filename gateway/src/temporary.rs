//! The data folder of a gateway that is told none: new, its own, and gone with it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::ApiError;
use crate::random;
use crate::store::new_private_folder;

/// What the names of these folders begin with. Sixteen hexadecimal digits follow.
const PREFIX: &str = "partway-gateway-";

/// A folder of this process only, removed with it. It is locked as long as the process lives, so that what one leaves
/// that was killed can be told from what another uses.
pub(crate) struct TemporaryFolder {
    path: PathBuf,
    _lock: Option<File>,
}

impl TemporaryFolder {
    /// A new folder. Those that were left are removed.
    pub fn new() -> io::Result<Self> {
        let all = std::env::temp_dir();
        let folder = loop {
            let name = random::bytes::<8>().map_err(|error: ApiError| io::Error::other(error))?;
            let path = all.join(format!("{PREFIX}{}", random::hex(&name)));
            new_private_folder(&path)?;
            let lock = lock(&path);
            // Before it was locked it looked like one that was left.
            if path.is_dir() {
                break Self { path, _lock: lock };
            }
        };
        folder.remove_left(&all);
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folders in `all` that are like this one, and whose process is gone.
    fn remove_left(&self, all: &Path) {
        for entry in fs::read_dir(all).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_one = entry
                .file_name()
                .to_str()
                .and_then(|name| name.strip_prefix(PREFIX))
                .is_some_and(|digits| random::from_hex::<8>(digits).is_some());
            // What cannot be removed is left to the next start.
            if is_one && path != self.path && self.is_alike(&path) {
                remove_if_left(&path);
            }
        }
    }

    /// Whether `path` is a folder itself, and of the same owner.
    fn is_alike(&self, path: &Path) -> bool {
        let (Ok(one), Ok(own)) = (fs::symlink_metadata(path), fs::symlink_metadata(&self.path)) else { return false };
        #[cfg(unix)]
        let same = {
            use std::os::unix::fs::MetadataExt as _;
            one.uid() == own.uid()
        };
        #[cfg(not(unix))]
        let same = own.is_dir();
        one.is_dir() && same
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The lock of a folder; none where folders cannot be locked.
fn lock(path: &Path) -> Option<File> {
    let folder = File::open(path).ok()?;
    folder.lock().is_ok().then_some(folder)
}

/// Removes a folder that nobody uses: it is not locked, nor is its database, as an earlier version locked that alone.
fn remove_if_left(path: &Path) {
    let locked = |path: &Path| File::open(path).ok().filter(|file| file.try_lock().is_ok());
    // Held until it is gone.
    let Some(_lock) = locked(path) else { return };
    let database = path.join("meta.redb");
    if !database.exists() || locked(&database).is_some() {
        let _ = fs::remove_dir_all(path);
    }
}
