//! Drives the gateway over real sockets: every rule of the API, and every way to break one that we thought of.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod access;
mod completion;
mod cors;
mod crash;
#[cfg(not(feature = "faults"))]
mod faultless;
mod full_disk;
mod guesses;
mod hosts;
mod links;
mod lists;
mod openings;
mod pages;
mod private;
mod program;
mod quota;
mod refusals;
mod revocation;
mod rules;
mod server;
mod sessions;
mod slow;
mod smuggling;
mod starving;
mod uploads;
