//! The way out of a connection: who takes nothing of an answer, or next to nothing, is given up.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::body::Pace;

/// A connection whose writes have the pace of bodies, with the same measure: only time spent waiting counts.
pub(super) struct Outgoing<T> {
    inner: T,
    pace: Pace,
    alarm: Pin<Box<Sleep>>,
    waiting_since: Option<Instant>,
    waited: Duration,
    moved: u64,
}

impl<T> Outgoing<T> {
    /// `inner`, at the least at `pace`.
    pub fn new(inner: T, pace: Pace) -> Self {
        Self {
            inner,
            pace,
            alarm: Box::pin(tokio::time::sleep(pace.patience)),
            waiting_since: None,
            waited: Duration::ZERO,
            moved: 0,
        }
    }

    /// What follows from the outcome of a write.
    fn judge(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        match outcome {
            Poll::Pending => {
                if self.waiting_since.is_none() {
                    self.waiting_since = Some(now);
                    self.alarm.as_mut().reset(now + self.pace.patience);
                }
                self.alarm.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(Ok(bytes)) => {
                self.waited += self.waiting_since.take().map_or(Duration::ZERO, |since| now - since);
                self.moved += bytes as u64;
                if self.waited < self.pace.patience {
                    return Poll::Ready(Ok(bytes));
                }
                let fast = self.pace.allows(self.moved, self.waited);
                (self.waited, self.moved) = (Duration::ZERO, 0);
                Poll::Ready(if fast { Ok(bytes) } else { Err(io::ErrorKind::TimedOut.into()) })
            }
            failed => failed,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Outgoing<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Outgoing<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judge(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.judge(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
