//! Removing what nobody can reach any more: ended sessions, temporary files, parts that a crash left behind.

use crate::error::ApiError;
use crate::session;
use crate::store::files::PartRecord;
use crate::store::meta::{MANIFESTS, PARTS, load, load_all};
use crate::store::sessions::ended;
use crate::store::{Inner, OpenError, Store};

impl Store {
    /// Removes ended sessions and stale temporary files.
    pub async fn sweep(&self) -> Result<(), ApiError> {
        self.run(|store| {
            store.sweep_sessions()?;
            store.blobs.clear_incoming(true)?;
            store.space.restore();
            Ok(())
        })
        .await
    }
}

impl Inner {
    /// What a start does before any request: everything a sweep does, and removes parts that no row knows.
    pub(super) fn recover(&self) -> Result<(), OpenError> {
        self.blobs.clear_incoming(false)?;
        self.sweep_sessions().map_err(|_| OpenError::Unreadable)?;
        let recovered: Result<(), ApiError> = self.meta.read(|transaction| {
            let (parts, manifests) = (transaction.open_table(PARTS)?, transaction.open_table(MANIFESTS)?);
            self.blobs.keep_only(|file| {
                let whole: Option<Vec<PartRecord>> = load(&manifests, &file.0)?;
                let received = load_all::<PartRecord>(&parts, &file.0)?.into_iter().map(|(_, part)| part);
                Ok(whole.into_iter().flatten().chain(received).map(|part| part.blob).collect())
            })
        });
        recovered
            .and_then(|()| self.place_files())
            .and_then(|()| self.count_stored())
            .map_err(|_| OpenError::Unreadable)
    }

    fn sweep_sessions(&self) -> Result<(), ApiError> {
        for session in self.meta.read(|transaction| ended(transaction, session::now()))? {
            self.erase(session)?;
        }
        Ok(())
    }
}
