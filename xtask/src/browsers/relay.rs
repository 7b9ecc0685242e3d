//! A TCP relay before a server, which counts what clients send. It outlives the server, and whoever kills that.
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

/// The running relay; stopped when dropped.
pub struct Relay {
    /// Where it listens.
    pub origin: String,
    sent: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl Relay {
    /// Starts it before the server at `target`.
    ///
    /// # Errors
    /// There is no free loopback port.
    pub fn start(target: SocketAddr) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.context("cannot start the runtime of the relay")?;
        let listener =
            runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).context("no free loopback port")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let sent = Arc::<AtomicU64>::default();
        let connections = Arc::<AtomicU64>::default();
        let (counter, count) = (sent.clone(), connections.clone());
        runtime.spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                let counter = counter.clone();
                // It ends with either side, and what was on its way with it.
                tokio::spawn(async move { pass(client, target, &counter).await.unwrap_or_default() });
            }
        });
        Ok(Self { origin, sent, connections, _runtime: runtime })
    }

    /// Bytes that clients have sent so far, heads of requests included.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Connections that clients have opened so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn pass(client: TcpStream, target: SocketAddr, sent: &AtomicU64) -> std::io::Result<()> {
    let server = TcpStream::connect(target).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = from_client.read(&mut buffer).await?;
            let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
            sent.fetch_add(count as u64, Ordering::Relaxed);
            to_server.write_all(bytes).await?;
        }
    };
    let back = tokio::io::copy(&mut from_server, &mut to_client);
    tokio::select! {
        ended = there => ended,
        ended = back => ended.map(drop),
    }
}
