//! What of an upload the engine does not know.

use super::hold::{Hold, Subject};
use crate::engine::{Progress, State};
use crate::protocol::Failure;
use js_sys::Promise;
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::AbortController;

/// A file on its way, as the caller gives it.
pub struct Job {
    /// The file.
    pub subject: Subject,
    /// The name as the service gets it.
    pub sealed: String,
    /// Whether no other file's name is like this one: an envelope has a nonce.
    pub findable: bool,
    /// Who is told of it.
    pub watch: Rc<dyn Watch>,
}

/// Follows an upload. Called without any borrow held, never from inside a call of the driver.
pub trait Watch {
    /// Whether progress within a part is worth the transport that can tell it.
    fn wants_progress(&self) -> bool;
    /// Something changed.
    fn changed(&self, snapshot: Snapshot);
    /// Nothing more will be done for it.
    fn settled(&self);
    /// Resolves when nothing more will be done for it.
    fn settlement(&self) -> Promise;
}

/// An upload at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Its state.
    pub state: State,
    /// How far it is.
    pub progress: Progress,
    /// Its file's key, once known.
    pub key: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// A job until it settles.
pub(super) struct Task {
    pub job: Job,
    /// What can be gone on with after a reload.
    pub hold: RefCell<Option<Rc<Hold>>>,
    /// Aborted when it settles: ends what goes on beside its requests.
    pub over: Option<AbortController>,
}

impl Task {
    pub fn new(job: Job) -> Self {
        Self { job, hold: RefCell::default(), over: AbortController::new().ok() }
    }

    pub fn hold(&self) -> Option<Rc<Hold>> {
        self.hold.borrow().clone()
    }
}
