//! The leases that this page has of a session's files.

use super::lease::{Lease, Lost};
use crate::engine::{Ask, Identity, Lock, OpId};
use std::cell::RefCell;

/// A session's leases, each with the operation that took it.
pub struct Leases {
    /// How each lease's name begins.
    prefix: String,
    taken: RefCell<Vec<(OpId, Identity, Lease)>>,
}

impl Leases {
    /// The leases of the session `scope`, of which this page has none yet.
    pub fn new(scope: &str) -> Self {
        Self { prefix: ["partway:", scope, ":"].concat(), taken: RefCell::default() }
    }

    /// Takes the file's lease, for the operation `op`. `lost` is called if somebody takes it away.
    pub async fn take(&self, op: OpId, identity: Identity, ask: Ask, lost: Lost) -> Lock {
        match Lease::take(&[self.prefix.as_str(), &identity.0].concat(), ask, &lost).await {
            Ok(lease) => {
                self.taken.borrow_mut().push((op, identity, lease));
                Lock::Granted
            }
            Err(taken) => taken,
        }
    }

    /// Lets go of the file's lease.
    pub fn release(&self, identity: &Identity) {
        self.taken.borrow_mut().retain(|(_, taken, _)| taken != identity);
    }

    /// Lets go of what an operation took.
    pub fn release_of(&self, op: OpId) {
        self.taken.borrow_mut().retain(|(taker, ..)| *taker != op);
    }

    /// The files whose lease some page has.
    pub async fn query(&self) -> Vec<Identity> {
        let names = Lease::held(&self.prefix).await;
        names.iter().filter_map(|name| name.strip_prefix(&self.prefix)).map(|name| Identity(name.to_owned())).collect()
    }
}
