//! One connection: HTTP/1.1 with a deadline at every moment.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};
use tower::Service as _;

use crate::config::Config;

/// Serves `socket` until it ends, misses a deadline, or `stopped` turns true and its request is answered.
pub(super) async fn serve(socket: TcpStream, router: Router, config: &Config, mut stopped: watch::Receiver<bool>) {
    let _ = socket.set_nodelay(true);
    let idle = Idle::new();
    let service = {
        let idle = idle.clone();
        hyper::service::service_fn(move |request: Request<Incoming>| {
            let (mut router, busy) = (router.clone(), idle.busy());
            async move {
                let response: Response<Body> = router.call(request.map(Body::new)).await?;
                Ok::<_, std::convert::Infallible>(response.map(|body| Watched { body, _busy: busy }))
            }
        })
    };
    let socket = TokioIo::new(Writing::new(socket, config.body_timeout));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout)
        .serve_connection(socket, service);
    let mut connection = std::pin::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            // hyper's own timer does not see a connection that has sent nothing.
            () = idle.overdue(config.header_timeout, config.idle_timeout) => return,
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

/// Since when a connection has had no request.
#[derive(Clone)]
struct Idle(Arc<Mutex<IdleState>>);

struct IdleState {
    requests: usize,
    since: Instant,
    served: bool,
}

/// A request under way; ends with its answer.
struct Busy(Idle);

impl Idle {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(IdleState { requests: 0, since: Instant::now(), served: false })))
    }

    fn update<T>(&self, change: impl FnOnce(&mut IdleState) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn busy(&self) -> Busy {
        self.update(|state| {
            state.requests += 1;
            state.served = true;
        });
        Busy(self.clone())
    }

    /// Ends when the connection has had no request for too long: `first` before its first one, `later` after.
    async fn overdue(&self, first: Duration, later: Duration) {
        loop {
            let deadline = self.update(|state| {
                let limit = if state.served { later } else { first };
                (state.requests == 0).then(|| state.since + limit)
            });
            match deadline {
                Some(deadline) if deadline <= Instant::now() => return,
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                // A request is under way: its own deadlines count.
                None => tokio::time::sleep(later.min(Duration::from_secs(1))).await,
            }
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.update(|state| {
            state.requests = state.requests.saturating_sub(1);
            state.since = Instant::now();
        });
    }
}

/// An answer's body, which keeps its request under way.
struct Watched {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that gives up on a peer who takes nothing of what is written.
struct Writing {
    socket: TcpStream,
    patience: Duration,
    alarm: Pin<Box<Sleep>>,
    waiting: bool,
}

impl Writing {
    fn new(socket: TcpStream, patience: Duration) -> Self {
        Self { socket, patience, alarm: Box::pin(tokio::time::sleep(patience)), waiting: false }
    }

    fn judge<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.waiting = false;
            return polled;
        }
        if !self.waiting {
            self.waiting = true;
            self.alarm.as_mut().reset(Instant::now() + self.patience);
        }
        self.alarm.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Writing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl AsyncWrite for Writing {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(context, data);
        self.judge(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write_vectored(context, data);
        self.judge(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
