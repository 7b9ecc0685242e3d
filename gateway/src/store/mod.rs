//! Everything that lasts: sessions and files in the database, parts on disk.
//!
//! Every look-up of a file takes the session from the caller's token: a file of another session is not refused, it is
//! not found.

mod blobs;
mod files;
mod listing;
mod meta;
mod private;
mod sessions;
mod space;
mod sweep;
mod under_way;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Config;
use crate::error::ApiError;

use blobs::Blobs;
use meta::Meta;
use space::Space;
use under_way::UnderWay;

pub(crate) use blobs::Incoming;
pub(crate) use files::{FileInfo, NewFile, Segment, Slot, too_many_bytes};
pub(crate) use listing::Page;
pub(crate) use private::new_folder as new_private_folder;
pub(crate) use sessions::{Access, Opened, Role, Rules, User, no_user};
pub(crate) use under_way::Ticket;

/// A file's key: random, so that knowing one says nothing of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileKey(pub [u8; 16]);

/// The store. Its functions run on threads that may wait for the disk.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>);

/// What the store consists of.
struct Inner {
    meta: Meta,
    blobs: Blobs,
    space: Arc<Space>,
    under_way: Arc<UnderWay>,
    /// Most bytes of a session's list.
    max_list: u64,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A folder of parts cannot be made or read.
    #[error("the data folder: {0}")]
    Folder(#[from] std::io::Error),
    /// Anybody may put files into the folder, and take them out.
    #[error("{} can be written to by everybody: take that away from others (chmod o-w)", .0.display())]
    OpenToAll(PathBuf),
    /// The database cannot be opened; another gateway may have it open.
    #[error("the database: {0}")]
    Database(#[from] redb::Error),
    /// What is stored cannot be read back.
    #[error("the stored sessions cannot be read")]
    Unreadable,
}

impl Store {
    /// Opens or makes the store in the folder `data` with the limits of `config`, and removes what a crash or the time
    /// has left behind.
    ///
    /// # Errors
    /// The folder or the database in it cannot be used.
    pub fn open(data: &Path, config: &Config) -> Result<Self, OpenError> {
        private::new_folder(data)?;
        if private::is_open_to_all(data)? {
            return Err(OpenError::OpenToAll(data.to_owned()));
        }
        let blobs = Blobs::open(data)?;
        let space = Arc::new(Space::new(data, config.min_free));
        let meta = Meta::open(data.join("meta.redb"), space.clone())?;
        let under_way = Arc::new(UnderWay::new(config.max_stored));
        let inner = Inner { meta, blobs, space, under_way, max_list: config.max_list };
        inner.recover()?;
        Ok(Self(Arc::new(inner)))
    }

    /// Runs `work` on a thread that may wait for the disk. It runs to its end even if the caller is gone.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let inner = self.0.clone();
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(error) => Err(ApiError::internal("a store task", &error)),
        }
    }
}
