//! Connections of one request each.
use std::error::Error;

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::message::Body;

/// Accepts connections until the runtime ends, and hands each to `take`.
pub async fn accept(listener: TcpListener, take: impl Fn(TcpStream)) {
    loop {
        // An error is the client's, gone before it was accepted.
        if let Ok((stream, _)) = listener.accept().await {
            take(stream);
        }
    }
}

/// Lets `service` answer the one request of a connection, beside everything else. A service that fails closes the
/// connection without an answer.
pub fn answer<S>(stream: TcpStream, service: S)
where
    S: Service<Request<Incoming>, Response = Response<Body>> + Send + 'static,
    S::Future: Send,
    S::Error: Error + Send + Sync + 'static,
{
    let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
    tokio::spawn(async move {
        // An error is a lie we told or a page that was closed; both are in the log.
        let _ = connection.await;
    });
}
