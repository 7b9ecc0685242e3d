//! The `partway-gateway` program: reads its flags, serves until it is told to stop.

use std::process::ExitCode;

use clap::Parser as _;
use partway_gateway::config::Config;
use partway_gateway::server::Gateway;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let gateway = match Gateway::bind(Config::parse()).await {
        Ok(gateway) => gateway,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let stop = stop_signal();
    // Before the line that says that it listens: who waits for that one has both.
    #[cfg(feature = "faults")]
    eprintln!("the word for faults: {}", gateway.fault_word());
    println!("listening on {}", gateway.url());
    gateway.run(stop).await;
    ExitCode::SUCCESS
}

/// Ends when ctrl-c or SIGTERM arrives. Both are listened for from now on, not from the first poll.
fn stop_signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let mut terminate = signal(SignalKind::terminate());
    #[cfg(unix)]
    let mut interrupt = signal(SignalKind::interrupt());
    async move {
        #[cfg(unix)]
        tokio::select! {
            () = received(&mut terminate) => {}
            () = received(&mut interrupt) => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ends when the signal arrives; never where it cannot be listened for.
#[cfg(unix)]
async fn received(signal: &mut std::io::Result<Signal>) {
    match signal {
        Ok(signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}
