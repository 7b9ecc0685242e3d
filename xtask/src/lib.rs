//! Partway's own commands: `cargo xtask build | check | demo | test | bench | simulate | survives | screenshot`.
//!
//! | module | what it is |
//! |---|---|
//! | [`arguments`] | the command line |
//! | [`selection`] | which steps and tests `test` runs |
//! | [`workspace`] | where things are: the repository's folders, cargo itself |
//! | [`process`] | child processes, each a group that is stopped on every path |
//! | [`program`] | programs that are run: found, or compiled from crates.io |
//! | [`step`] | a named piece of work: says what it does and how long it took |
//! | [`package`] | `pkg/`: the wasm, its glue and the hand-written entry |
//! | [`gateway`] | the gateway, built and running |
//! | [`native`] | formatting, clippy, native tests |
//! | [`rules`] | rules of the source that text can tell |
//! | [`dependencies`] | what is taken from others: licences, sources, duplicates, advisories |
//! | [`check`] | what can be told of a change in a minute |
//! | [`demo`] | the demo page on loopback |
//! | [`tally`] | how many tests ran |
//! | `browsers` | what drives browsers, behind the feature of that name |

pub mod arguments;
#[cfg(feature = "browsers")]
pub mod browsers;
pub mod check;
pub mod demo;
pub mod dependencies;
mod functions;
pub mod gateway;
pub mod native;
pub mod package;
pub mod process;
pub mod program;
pub mod rules;
pub mod selection;
pub mod simulate;
mod sizes;
pub mod step;
pub mod tally;
pub mod workspace;
