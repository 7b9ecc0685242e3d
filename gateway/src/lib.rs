//! A server of the session-storage Upload API: sessions with rules, files uploaded in parts, signed download links.
//!
//! It is what Partway's demo and tests talk to, and it can be run on one's own machine. One process, one data folder:
//! parts are plain files, everything else is in an embedded database (redb), and what an answer said is on disk
//! before the answer leaves.
//!
//! | room | what it holds |
//! |---|---|
//! | [`config`] | every flag: addresses, folders, limits, deadlines |
//! | [`server`] | the accept loop, its deadlines and its stop |
//! | `layers` | what every request passes: request id, CORS, host check, body deadlines and draining |
//! | `routes` | the API's endpoints, the download link, the static pages |
//! | `session` | session IDs, bearer tokens, passwords, rules |
//! | `openings`, `secret` | who may open a session |
//! | `guesses`, `address` | how often a password may be guessed, and by whom |
//! | `link` | signing and checking of download links |
//! | `peer`, `revocations` | ending what is under way where its session, member or file goes |
//! | `store` | sessions and files in redb, parts on disk, the sweeper |
//! | `temporary` | the data folder where no flag names one |
//! | `faults` | with the feature of that name: drops, hangs and lies where a test says so |
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use partway_gateway::{config::Config, server::Gateway};
//!
//! let gateway = Gateway::bind(Config::from_flags(["--listen", "127.0.0.1:0"])?).await?;
//! println!("{}", gateway.url());
//! gateway.run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

pub mod config;
pub mod server;

pub use secret::Secret;

mod address;
mod body;
mod cors;
mod error;
#[cfg(feature = "faults")]
mod faults;
mod guesses;
mod layers;
mod link;
mod openings;
mod peer;
mod random;
mod revocations;
mod routes;
mod secret;
mod session;
mod state;
mod store;
mod temporary;
