//! Files and folders that only their owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};

/// What a group and all others may do.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Makes a folder that only its owner can look into, with those above it, unless it is there already.
pub(crate) fn new_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path)
}

/// The same; and takes from others what they can do with one that is there.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    new_folder(path)?;
    close(path)
}

/// Makes a file that only its owner can read, where there is none.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path)
}

/// The same; and takes from others what they can do with one that is there.
pub(super) fn file(path: &Path) -> io::Result<()> {
    match new_file(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => close(path),
        made => made.map(|_| ()),
    }
}

/// Whether anybody may put files into a folder, and take them out.
pub(super) fn is_open_to_all(path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        let mode = fs::metadata(path)?.permissions().mode();
        Ok(mode & 0o1002 == 0o002)
    }
    #[cfg(not(unix))]
    {
        fs::metadata(path).map(|_| false)
    }
}

fn close(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut permissions = fs::metadata(path)?.permissions();
        if permissions.mode() & OTHERS != 0 {
            permissions.set_mode(permissions.mode() & !OTHERS);
            fs::set_permissions(path, permissions)?;
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
