//! A connection as its requests know it: who is at the other end.

use crate::address::Address;

/// Among the extensions of each request of the connection.
#[derive(Clone)]
pub(crate) struct Peer {
    /// Who is at the other end.
    pub address: Address,
}

impl Peer {
    /// The other end of a new connection.
    pub fn new(address: Address) -> Self {
        Self { address }
    }
}
