//! A slow line before a server: all connections share its speed towards the server, and some of them break.
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Runtime,
    time::{Instant, sleep_until},
};

use super::sink::lock;

/// Bytes that are passed on at a time, and that the line's end holds: a line stores little.
const PIECE: usize = 16 << 10;
const HELD: u32 = 64 << 10;

/// What a line is like.
#[derive(Clone, Copy, Debug)]
pub struct Quality {
    /// Bytes a second, of all connections together.
    pub speed: u64,
    /// A connection breaks about each time that so many bytes were carried.
    pub breaks_after: u64,
}

/// The line; gone when dropped.
pub struct Line {
    /// Where it listens.
    pub address: SocketAddr,
    _runtime: Runtime,
}

struct Load {
    /// When the line is free again.
    free: Instant,
    carried: u64,
    next_break: u64,
    draws: u64,
}

impl Line {
    /// Lays it before the server at `target`. The same `seed` breaks connections after as many bytes.
    ///
    /// # Errors
    /// There is no free loopback port.
    pub fn start(target: SocketAddr, quality: Quality, seed: u64) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.context("cannot start the runtime of the line")?;
        let listener = runtime.block_on(async { listen() }).context("no free loopback port")?;
        let address = listener.local_addr()?;
        let mut load =
            Load { free: Instant::now(), carried: 0, next_break: 0, draws: seed.wrapping_mul(2).wrapping_add(1) };
        load.draw(quality);
        let load = Arc::new(Mutex::new(load));
        runtime.spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                let load = load.clone();
                // It ends with either side, and what was on its way with it.
                tokio::spawn(async move { pass(client, target, quality, &load).await.unwrap_or_default() });
            }
        });
        Ok(Self { address, _runtime: runtime })
    }
}

fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(HELD)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(128)
}

impl Load {
    /// When `bytes` more are through; `None` where the connection breaks on the way.
    fn carry(&mut self, bytes: u64, quality: Quality) -> Option<Instant> {
        self.free = self.free.max(Instant::now()) + Duration::from_secs_f64(bytes as f64 / quality.speed as f64);
        self.carried += bytes;
        if self.carried >= self.next_break {
            self.draw(quality);
            return None;
        }
        Some(self.free)
    }

    /// Draws where the next connection breaks: evenly from half of `breaks_after` to one and a half times that.
    fn draw(&mut self, quality: Quality) {
        // xorshift: as good as is needed here.
        self.draws ^= self.draws << 13;
        self.draws ^= self.draws >> 7;
        self.draws ^= self.draws << 17;
        self.next_break += quality.breaks_after / 2 + self.draws % quality.breaks_after.max(1);
    }
}

async fn pass(client: TcpStream, target: SocketAddr, quality: Quality, load: &Mutex<Load>) -> io::Result<()> {
    client.set_nodelay(true)?;
    let server = TcpStream::connect(target).await?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async {
        let mut buffer = vec![0; PIECE];
        loop {
            let count = from_client.read(&mut buffer).await?;
            let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
            let through = lock(load).carry(count as u64, quality);
            sleep_until(through.ok_or(io::ErrorKind::ConnectionReset)?).await;
            to_server.write_all(bytes).await?;
        }
    };
    let back = tokio::io::copy(&mut from_server, &mut to_client);
    tokio::select! {
        ended = there => ended,
        ended = back => ended.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[test]
    fn a_line_is_as_slow_as_it_is_said_and_breaks() {
        let server = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let target = server.local_addr().unwrap();
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            let _ = server.accept().unwrap().0.read_to_end(&mut all);
            all.len()
        });
        let line = Line::start(target, Quality { speed: 1 << 20, breaks_after: 1 << 18 }, 3).unwrap();
        let mut client = std::net::TcpStream::connect(line.address).unwrap();
        let start = std::time::Instant::now();
        // More than is ever carried by one connection.
        let _ = client.write_all(&vec![7; 1 << 20]);
        let carried = reader.join().unwrap();
        assert!((1 << 16..1 << 19).contains(&carried), "{carried}");
        assert!(start.elapsed().as_secs_f64() > carried as f64 / f64::from(1 << 20) * 0.9);
    }
}
