//! The servers of the tests, each on a loopback port of its own: other ports are other origins, so CORS is real.
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use tokio::{net::TcpListener, runtime::Runtime};

use super::{elsewhere, site};
use crate::workspace::Workspace;

/// The running servers; stopped when dropped.
pub struct Servers {
    /// Origin of the tests' page and modules (`/contract/`) and of the package (`/pkg/`).
    pub site: String,
    /// Origin of the server nothing is to be sent to.
    pub elsewhere: String,
    _runtime: Runtime,
}

impl Servers {
    /// Starts them.
    ///
    /// # Errors
    /// There is no free loopback port.
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start the runtime of the test servers")?;
        let [site, elsewhere] = [bind(&runtime)?, bind(&runtime)?];
        let origins = [origin(&site)?, origin(&elsewhere)?];
        runtime.spawn(site::serve(site, workspace.clone()));
        runtime.spawn(elsewhere::serve(elsewhere));
        let [site, elsewhere] = origins;
        Ok(Self { site, elsewhere, _runtime: runtime })
    }
}

fn bind(runtime: &Runtime) -> Result<TcpListener> {
    runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).context("no free loopback port")
}

fn origin(listener: &TcpListener) -> Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}
