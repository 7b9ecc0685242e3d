//! Parts as plain files: received under a temporary name, renamed into place when whole and on disk.
//!
//! ```text
//! DATA/meta.redb
//! DATA/incoming/<random>                 a part being received
//! DATA/parts/<file key>/<number>-<random>   a stored part
//! ```
//! No name comes from a client. A part sent again gets a new file; which of the two counts is the database's to say.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::error::ApiError;
use crate::random;
use crate::store::FileKey;
use crate::store::private;
use crate::store::space::Space;
use crate::store::under_way::Ticket;

/// Age at which a temporary file belongs to nobody: whoever writes one does so all the time.
const STALE: Duration = Duration::from_secs(3600);

/// The folders of parts.
pub(crate) struct Blobs {
    incoming: PathBuf,
    parts: PathBuf,
}

/// A part being received. Its file goes away with it.
pub(crate) struct Incoming {
    file: File,
    path: PathBuf,
    hash: Sha256,
    space: Arc<Space>,
    /// Given back after the file is gone, or stored.
    pub(super) ticket: Arc<Ticket>,
}

impl Incoming {
    /// Appends `chunks`.
    ///
    /// # Errors
    /// 507 where the reserve of free space is not free any more.
    pub fn write(&mut self, chunks: &[Bytes]) -> Result<(), ApiError> {
        let bytes = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        self.space.check(bytes)?;
        for chunk in chunks {
            self.hash.update(chunk);
            self.file.write_all(chunk)?;
        }
        self.ticket.written(bytes);
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Gone already once it was put in place.
        let _ = fs::remove_file(&self.path);
    }
}

impl Blobs {
    /// Opens or makes the folders in `data`.
    pub fn open(data: &Path) -> io::Result<Self> {
        let blobs = Self { incoming: data.join("incoming"), parts: data.join("parts") };
        private::folder(&blobs.incoming)?;
        private::folder(&blobs.parts)?;
        sync_folder(data)?;
        Ok(blobs)
    }

    /// An empty file to receive the part of `ticket` in, named by `nonce`.
    pub fn receive(&self, nonce: [u8; 16], space: Arc<Space>, ticket: Arc<Ticket>) -> io::Result<Incoming> {
        let path = self.incoming.join(random::hex(&nonce));
        Ok(Incoming { file: private::new_file(&path)?, path, hash: Sha256::new(), space, ticket })
    }

    /// Puts a whole part in place, on disk, and gives its file's name and its tag: quoted, the first half of the
    /// SHA-256 of its bytes, so that equal bytes have equal tags.
    pub fn publish(&self, incoming: &Incoming, file: FileKey, number: u32) -> io::Result<(String, String)> {
        incoming.file.sync_all()?;
        let folder = self.folder(file);
        if !folder.is_dir() {
            private::new_folder(&folder)?;
            sync_folder(&self.parts)?;
        }
        let nonce = incoming.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = format!("{number}-{nonce}");
        fs::rename(&incoming.path, folder.join(&name))?;
        sync_folder(&folder)?;
        let digest = incoming.hash.clone().finalize();
        let (half, _) = digest.split_at(16);
        Ok((name, format!("\"{}\"", random::hex(half))))
    }

    /// The path of a stored part.
    pub fn path(&self, file: FileKey, name: &str) -> PathBuf {
        self.folder(file).join(name)
    }

    /// Removes one part. What cannot be removed now is removed by the next start's [`Blobs::keep_only`].
    pub fn remove(&self, file: FileKey, name: &str) {
        let _ = fs::remove_file(self.path(file, name));
    }

    /// Removes the folder of a file that is gone, which a part that came too late may have made again.
    pub fn remove_folder(&self, file: FileKey) {
        let _ = fs::remove_dir(self.folder(file));
    }

    /// Removes every part of a file, in the same manner.
    pub fn remove_all(&self, file: FileKey) {
        let _ = fs::remove_dir_all(self.folder(file));
    }

    /// Removes temporary files: all of them, or (`stale_only`) those that nobody has written to for an hour.
    pub fn clear_incoming(&self, stale_only: bool) -> io::Result<()> {
        let now = SystemTime::now();
        for entry in fs::read_dir(&self.incoming)? {
            let entry = entry?;
            let age = || now.duration_since(entry.metadata().ok()?.modified().ok()?).ok();
            if !stale_only || age().is_some_and(|age| age > STALE) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Removes what a crash left: every part but those that `known` names of its file. Only before requests are served.
    pub fn keep_only<E: From<io::Error>>(
        &self,
        known: impl Fn(FileKey) -> Result<HashSet<String>, E>,
    ) -> Result<(), E> {
        for folder in fs::read_dir(&self.parts)? {
            let folder = folder?;
            let Some(file) = folder.file_name().to_str().and_then(random::from_hex).map(FileKey) else { continue };
            let known = known(file)?;
            if known.is_empty() {
                fs::remove_dir_all(folder.path())?;
                continue;
            }
            for part in fs::read_dir(folder.path())? {
                let part = part?;
                if !part.file_name().to_str().is_some_and(|name| known.contains(name)) {
                    fs::remove_file(part.path())?;
                }
            }
        }
        Ok(())
    }

    fn folder(&self, file: FileKey) -> PathBuf {
        self.parts.join(random::hex(&file.0))
    }
}

/// Makes a rename or a new file in `folder` last.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
