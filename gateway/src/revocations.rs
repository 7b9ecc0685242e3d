//! What ends before its time: sessions, members, files. What is under way for them ends too.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::link::Opens;
use crate::peer::Peer;
use crate::state::Shared;

/// Says that something was revoked; what it was, the store knows.
pub(crate) struct Revocations(watch::Sender<()>);

impl Default for Revocations {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Revocations {
    /// Something was revoked just now.
    pub fn announce(&self) {
        self.0.send_replace(());
    }
}

/// Watches over an open download for as long as this is kept.
pub(crate) struct Watch(AbortHandle);

impl Watch {
    /// Ends the connection to `peer` once the link no longer opens its file: the session has ended, by the time
    /// (`expiry`, in milliseconds since 1970) or by its host; the member whose link it is was removed; the file was.
    pub fn over(app: &Shared, peer: Peer, opens: Opens, expiry: u64) -> Self {
        let mut revoked = app.revocations.0.subscribe();
        let app = app.clone();
        let watching = tokio::spawn(async move {
            let end = SystemTime::UNIX_EPOCH + Duration::from_millis(expiry);
            // At once, too: it may have been revoked since the link was checked.
            while app.store.segments(opens).await.is_ok() {
                let left = end.duration_since(SystemTime::now()).unwrap_or_default();
                tokio::select! {
                    _ = revoked.changed() => {}
                    () = tokio::time::sleep(left) => {}
                }
            }
            peer.cut();
        });
        Self(watching.abort_handle())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
