//! A restart as clients see it: every connection breaks, and for a while nobody listens.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// The outages so far: when the last one ends.
pub(crate) struct Outages(watch::Sender<Option<Instant>>);

impl Default for Outages {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Outages {
    /// Breaks every connection, and takes none for so long.
    pub fn begin(&self, length: Duration) {
        self.0.send_replace(Some(Instant::now() + length));
    }
}

/// Does `serving` until an outage begins.
pub(crate) fn unless_broken<F: Future>(outages: &Outages, serving: F) -> impl Future<Output = ()> + use<F> {
    let mut outages = outages.0.subscribe();
    async move {
        tokio::select! {
            _ = serving => {}
            _ = outages.changed() => {}
        }
    }
}

/// A listener that is away during an outage: connections are refused, as where nothing runs.
pub(crate) struct Listener {
    address: SocketAddr,
    listener: Option<TcpListener>,
    outages: watch::Receiver<Option<Instant>>,
}

impl Listener {
    /// `listener`, away during `outages`.
    pub fn new(listener: TcpListener, address: SocketAddr, outages: &Outages) -> Self {
        Self { address, listener: Some(listener), outages: outages.0.subscribe() }
    }

    /// The next connection. Nothing is lost where it is not waited for to the end.
    pub async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            let end = *self.outages.borrow();
            if self.outages.has_changed().unwrap_or(false) {
                self.outages.mark_unchanged();
                self.listener = None;
            }
            let Some(listener) = &self.listener else {
                if let Some(end) = end {
                    tokio::time::sleep_until(end).await;
                }
                self.listener = Some(TcpListener::bind(self.address).await?);
                continue;
            };
            tokio::select! {
                accepted = listener.accept() => return accepted,
                changed = self.outages.changed() => {
                    if changed.is_ok() {
                        self.listener = None;
                    }
                }
            }
        }
    }
}
