//! What every request shares.

use std::sync::Arc;

use crate::config::Config;
use crate::guesses::Guesses;
use crate::link::LinkSigner;
use crate::openings::Openings;
use crate::revocations::Revocations;
use crate::store::Store;

/// The gateway's settings, store and keys.
pub(crate) struct AppState {
    /// The flags.
    pub config: Config,
    /// Sessions and files.
    pub store: Store,
    /// Signs download links.
    pub links: LinkSigner,
    /// Ends open downloads.
    pub revocations: Revocations,
    /// Counts guesses of passwords.
    pub guesses: Guesses,
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
