//! The `partway-gateway` program: reads its flags, serves until it is told to stop.

use std::process::ExitCode;

use clap::Parser as _;
use partway_gateway::config::Config;
use partway_gateway::server::Gateway;

#[tokio::main]
async fn main() -> ExitCode {
    let gateway = match Gateway::bind(Config::parse()).await {
        Ok(gateway) => gateway,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("listening on {}", gateway.url());
    gateway.run(stop_signal()).await;
    ExitCode::SUCCESS
}

/// Ends when ctrl-c or SIGTERM arrives.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                result = tokio::signal::ctrl_c() => if result.is_ok() { return },
            }
        }
        std::future::pending::<()>().await;
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
