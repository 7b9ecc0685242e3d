//! A connection as its requests know it: who is at the other end, and how to end it.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::address::Address;

/// Among the extensions of each request of the connection.
#[derive(Clone)]
pub(crate) struct Peer {
    /// Who is at the other end.
    pub address: Address,
    cut: Arc<Notify>,
}

impl Peer {
    /// The other end of a new connection.
    pub fn new(address: Address) -> Self {
        Self { address, cut: Arc::default() }
    }

    /// Ends the connection, whatever is under way: a reader who takes nothing would not notice the end of a body.
    pub fn cut(&self) {
        self.cut.notify_one();
    }

    /// Ends when the connection is to end.
    pub async fn is_cut(&self) {
        self.cut.notified().await;
    }
}
