//! What every request shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::ApiError;
use crate::link::LinkSigner;
use crate::openings::Openings;
use crate::session::SessionKey;
use crate::store::Store;

/// The gateway's settings, store and keys.
pub(crate) struct AppState {
    /// The flags.
    pub config: Config,
    /// Sessions and files.
    pub store: Store,
    /// Signs download links.
    pub links: LinkSigner,
    /// Counts wrong passwords.
    pub failed_logins: FailedLogins,
    /// Counts the sessions that each address opens.
    pub openings: Openings,
    /// The host of a loopback address that is listened on: only then are other hosts refused.
    pub loopback: Option<String>,
    /// What tests want to go wrong.
    #[cfg(feature = "faults")]
    pub faults: crate::faults::Faults,
}

/// The shared state as handlers receive it.
pub(crate) type Shared = Arc<AppState>;

/// Wrong passwords of the last minute, by session.
#[derive(Default)]
pub(crate) struct FailedLogins {
    wrong: Mutex<HashMap<[u8; 32], (Instant, u32)>>,
}

impl FailedLogins {
    const MOST: u32 = 10;
    const WINDOW: Duration = Duration::from_secs(60);

    /// Whether another password may be tried for `session`.
    ///
    /// # Errors
    /// 429 after ten wrong ones within a minute.
    pub fn allow(&self, session: SessionKey) -> Result<(), ApiError> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        match wrong.get(&session.0) {
            Some((since, count)) if *count >= Self::MOST && since.elapsed() < Self::WINDOW => {
                let wait = Self::WINDOW.saturating_sub(since.elapsed());
                let message = "Too many wrong passwords: wait a minute.";
                Err(ApiError::new(axum::http::StatusCode::TOO_MANY_REQUESTS, "SlowDown", message).after(wait))
            }
            _ => Ok(()),
        }
    }

    /// Counts a wrong password.
    pub fn count(&self, session: SessionKey) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|_, (since, _)| since.elapsed() < Self::WINDOW);
        wrong.entry(session.0).or_insert_with(|| (Instant::now(), 0)).1 += 1;
    }
}
