//! Who serves an app: a static server, or the tool's own.
use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use axum::{
    Router,
    http::{
        HeaderName, HeaderValue,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL},
    },
};
use tokio::runtime::Runtime;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use super::tools::last_lines;
use crate::process::Group;

/// How long a dev server may take to listen.
const START: Duration = Duration::from_secs(60);

/// Serves folders, each on a loopback port of its own: another port is another origin.
pub struct Static(Runtime);

impl Static {
    /// Starts without a folder.
    ///
    /// # Errors
    /// The system has no threads.
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Ok(Self(runtime.context("cannot start the runtime of the static servers")?))
    }

    /// Serves a folder until this is dropped; gives the origin. `shared` is as a CDN does it, for pages of any origin.
    ///
    /// # Errors
    /// There is no free loopback port.
    pub fn serve(&self, folder: &Path, shared: bool) -> Result<String> {
        let listener = self.0.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let origin = format!("http://{}", listener.local_addr()?);
        let header = |name: HeaderName, value: &'static str| {
            SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
        };
        let mut site = Router::new().fallback_service(ServeDir::new(folder)).layer(header(CACHE_CONTROL, "no-store"));
        if shared {
            site = site.layer(header(ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
        }
        self.0.spawn(async move { axum::serve(listener, site).await });
        Ok(origin)
    }
}

/// A server that is a program; stopped when dropped.
pub struct Program {
    /// Where it listens.
    pub origin: String,
    /// Where it prints to.
    said: PathBuf,
    _group: Group,
}

impl Program {
    /// Starts what `command` makes of a free port, and waits until it listens.
    ///
    /// # Errors
    /// It ends, or does not listen; the sentence ends with what it said.
    pub fn start(folder: &Path, command: impl FnOnce(u16) -> Command) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?.local_addr()?.port();
        let said = folder.join(".served");
        let log = File::create(&said)?;
        let mut command = command(port);
        command.stdout(log.try_clone()?).stderr(log);
        let mut group = Group::spawn_open(command)?;
        let start = Instant::now();
        // Some listen on IPv6 alone: the name stands for both, as it does for a person.
        while TcpStream::connect(("localhost", port)).is_err() {
            if group.ended()?.is_some() || start.elapsed() > START {
                bail!("the server did not start; it said:\n{}", last_lines(&said));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { origin: format!("http://localhost:{port}"), said, _group: group })
    }

    /// The end of what it printed.
    #[must_use]
    pub fn said(&self) -> String {
        last_lines(&self.said)
    }
}
