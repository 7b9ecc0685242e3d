//! Everything that lasts: sessions and files in the database, parts on disk.
//!
//! Every look-up of a file takes the session from the caller's token: a file of another session is not refused, it is
//! not found.

mod blobs;
mod files;
mod meta;
mod sessions;
mod sweep;

use std::path::Path;
use std::sync::Arc;

use crate::error::ApiError;
use crate::random;

use blobs::Blobs;
use meta::Meta;

pub(crate) use blobs::Incoming;
pub(crate) use files::{FileInfo, NewFile, Segment, Slot, too_many_bytes};
pub(crate) use sessions::{Access, Opened, Role, Rules, User, no_user};

/// A file's key: random, so that knowing one says nothing of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileKey(pub [u8; 16]);

/// The store. Its functions run on threads that may wait for the disk.
#[derive(Clone)]
pub(crate) struct Store {
    meta: Arc<Meta>,
    blobs: Arc<Blobs>,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A folder of parts cannot be made or read.
    #[error("the data folder: {0}")]
    Folder(#[from] std::io::Error),
    /// The database cannot be opened; another gateway may have it open.
    #[error("the database: {0}")]
    Database(#[from] redb::Error),
    /// What is stored cannot be read back.
    #[error("the stored sessions cannot be read")]
    Unreadable,
}

impl Store {
    /// Opens or makes the store in the folder `data`, and removes what a crash or the time has left behind.
    ///
    /// # Errors
    /// The folder or the database in it cannot be used.
    pub fn open(data: &Path) -> Result<Self, OpenError> {
        let blobs = Blobs::open(data)?;
        let meta = Meta::open(&data.join("meta.redb"))?;
        let store = Self { meta: Arc::new(meta), blobs: Arc::new(blobs) };
        store.recover()?;
        Ok(store)
    }

    /// Runs `work` on a thread that may wait for the disk. It runs to its end even if the caller is gone.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Meta, &Blobs) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let Self { meta, blobs } = self.clone();
        match tokio::task::spawn_blocking(move || work(&meta, &blobs)).await {
            Ok(result) => result,
            Err(error) => Err(ApiError::internal("a store task", &error)),
        }
    }

    /// A temporary file to receive a part in.
    pub async fn receive(&self) -> Result<Incoming, ApiError> {
        let nonce = random::bytes()?;
        self.run(move |_, blobs| Ok(blobs.receive(nonce)?)).await
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        let failure = Self::internal("the data folder", &error);
        if !matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) {
            return failure;
        }
        let full = axum::http::StatusCode::INSUFFICIENT_STORAGE;
        Self::new(full, "InsufficientStorage", "The server has no room left. Try again later.")
    }
}
