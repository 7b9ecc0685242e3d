//! One connection: HTTP/1.1 with a deadline at every moment.

use std::error::Error;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::outgoing::Outgoing;
use crate::body::Pace;
use crate::config::Config;
use crate::peer::Peer;

/// Most bytes of a request's head: a longer one is answered 431.
const LONGEST_HEAD: usize = 32 << 10;

/// Serves `socket` until it ends, misses a deadline, is cut, or `stopped` turns true and its request is answered.
pub(super) async fn serve<S, T>(socket: T, service: S, peer: &Peer, config: &Config, mut stopped: watch::Receiver<bool>)
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Incoming, ResBody = Body, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let pace = Pace { patience: config.body_timeout, min_rate: config.min_rate };
    let socket = TokioIo::new(Outgoing::new(socket, pace));
    // The timer runs from the connection's first moment and again from the end of each answer: it ends silent
    // connections as well as heads that drip. Bodies have their own deadlines (`body`).
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout)
        .max_header_size(LONGEST_HEAD)
        .serve_connection(socket, service);
    let mut connection = std::pin::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = peer.is_cut() => return,
            changed = stopped.wait_for(|stopped| *stopped), if !stopping => {
                if changed.is_err() {
                    return;
                }
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
