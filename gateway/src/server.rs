//! The accept loop, the deadlines of its connections, and its stop.
//!
//! `axum::serve` lets a connection stay silent, or drip, for as long as it likes. Here a deadline applies at every
//! moment: to a request's head, between requests, to each move of a body in either direction. The number of connections
//! is limited, and that of each address: who holds all that they can get holds up nobody else.

mod addressed;
mod connection;
mod outgoing;
mod places;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::address::Address;
use crate::config::Config;
#[cfg(feature = "faults")]
use crate::faults::{FaultService, Listener, Reset, Socket, unless_broken};
use crate::guesses::Guesses;
use crate::link::LinkSigner;
use crate::openings::Openings;
use crate::peer::Peer;
use crate::revocations::Revocations;
use crate::routes;
use crate::state::AppState;
use crate::store::Store;
use crate::temporary::TemporaryFolder;

use addressed::Addressed;
use places::Places;

pub use crate::store::OpenError;

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// A folder to serve is not there.
    #[error("{0} is not a folder")]
    NoFolder(PathBuf),
    /// The data folder cannot be used.
    #[error("cannot use the data folder: {0}")]
    Store(#[from] OpenError),
    /// A temporary data folder cannot be made.
    #[error("cannot make a temporary folder: {0}")]
    Temporary(io::Error),
    /// The operating system gives no random numbers.
    #[error("there are no random numbers")]
    Random,
}

/// A gateway that listens, and serves once it is run.
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    router: axum::Router,
    app: Arc<AppState>,
    /// Removed at the end.
    temporary: Option<TemporaryFolder>,
}

impl Gateway {
    /// Opens the store and begins to listen.
    ///
    /// # Errors
    /// A folder or the address cannot be used.
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        for folder in [&config.www, &config.pkg].into_iter().flatten() {
            if !folder.is_dir() {
                return Err(StartError::NoFolder(folder.clone()));
            }
        }
        let (data, temporary) = match &config.data {
            Some(data) => (data.clone(), None),
            None => {
                let folder = TemporaryFolder::new().map_err(StartError::Temporary)?;
                eprintln!("data folder (removed at the end): {}", folder.path().display());
                (folder.path().to_owned(), Some(folder))
            }
        };
        let limits = config.clone();
        let opened = tokio::task::spawn_blocking(move || Store::open(&data, &limits)).await;
        let store = opened.map_err(|error| OpenError::Folder(io::Error::other(error)))??;
        let listen = |error| StartError::Listen(config.listen, error);
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let ip = address.ip();
        let app = Arc::new(AppState {
            store,
            links: LinkSigner::new().map_err(|_| StartError::Random)?,
            guesses: Guesses::default(),
            openings: Openings::new(config.sessions_per_hour),
            revocations: Revocations::default(),
            loopback: ip.is_loopback().then(|| if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }),
            config,
            #[cfg(feature = "faults")]
            faults: crate::faults::Faults::new().map_err(|_| StartError::Random)?,
        });
        let router = routes::router(app.clone(), format!("http://{address}"));
        Ok(Self { listener, address, router, app, temporary })
    }

    /// The address that is listened on, with the port that was taken where the flag said 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and the address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The word that whoever sets faults must know: for the demo page and the tests, and for nobody else.
    #[cfg(feature = "faults")]
    #[must_use]
    pub fn fault_word(&self) -> String {
        self.app.faults.word.text()
    }

    /// Serves until `stop` is ready; then takes no more connections and gives requests under way the time that
    /// `--stop-timeout` says.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { listener, address, router, app, temporary } = self;
        #[cfg(feature = "faults")]
        let mut listener = Listener::new(listener, address, &app.faults.outages);
        #[cfg(not(feature = "faults"))]
        let (mut listener, _) = (listener, address);
        let places = Places::new(&app.config);
        let (stopping, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut sweep = tokio::time::interval(app.config.sweep_interval);
        let mut sweeping = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                // Reaps connections that have ended.
                Some(_) = connections.join_next() => {}
                Some(_) = sweeping.join_next() => {}
                _ = sweep.tick() => {
                    let store = app.store.clone();
                    // A failure has been said where it happened; the next sweep tries again.
                    sweeping.spawn(async move { store.sweep().await.unwrap_or_default() });
                }
                (socket, address) = accept(&mut listener) => {
                    let Some(arrival) = places.enter(address) else { continue };
                    let peer = Peer::new(address);
                    let service =
                        Addressed { service: TowerToHyperService::new(router.clone()), peer: peer.clone() };
                    let (app, mut stopped) = (app.clone(), stopped.clone());
                    connections.spawn(async move {
                        let _ = socket.set_nodelay(true);
                        #[cfg(feature = "faults")]
                        let reset = Reset::default();
                        #[cfg(feature = "faults")]
                        let service = FaultService::new(service, app.clone(), reset.clone());
                        #[cfg(feature = "faults")]
                        let socket = Socket::new(socket, reset);
                        let serving = async {
                            let place = tokio::select! {
                                place = arrival.place() => place,
                                _ = stopped.wait_for(|stopped| *stopped) => None,
                            };
                            if place.is_some() {
                                connection::serve(socket, service, &peer, &app.config, stopped).await;
                            }
                        };
                        #[cfg(feature = "faults")]
                        let serving = unless_broken(&app.faults.outages, serving);
                        serving.await;
                    });
                }
            }
        }
        drop(listener);
        let _ = stopping.send(true);
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(app.config.stop_timeout, all).await.is_err() {
            eprintln!("some requests were cut off");
        }
        connections.shutdown().await;
        drop(temporary);
    }
}

#[cfg(not(feature = "faults"))]
type Listener = TcpListener;

/// The next connection, and from where it is.
async fn accept(listener: &mut Listener) -> (TcpStream, Address) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => return (socket, peer.ip().into()),
            Err(error) => {
                // Such as too many open files: the next moment may be better.
                eprintln!("error: accepting a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
