//! What drives browsers: `test`, `bench` and `screenshot`. Behind the feature `browsers`: it is heavy to compile.
//!
//! | module | what it is |
//! |---|---|
//! | [`install`] | browsers and drivers, installed where they lack |
//! | [`display`] | the invisible screen WebKit needs |
//! | [`drivers`] | a browser's WebDriver program, running, and how the browser is started |
//! | [`webdriver`] | one browser session over WebDriver |
//! | [`servers`] | the servers of the tests: [`site`], [`elsewhere`] |
//! | [`suite`] | the steps of `cargo xtask test` |
//! | [`busy`] | keeps processors busy meanwhile |
//! | [`peers`] | names against the software of others |
//! | [`node`] | node and npm, installed where they lack |
//! | [`wasm_tests`], [`contract`], [`element`], [`matrix`], [`pages`] | its steps in browsers |
//! | [`kill`], [`end_to_end`] | more of its steps in browsers |
//! | [`frozen`] | a tab whose own process is stopped |
//! | [`consumers`] | the packed package in fresh apps |
//! | [`bench`] | the race against hand-written loops and the uploaders of others |
//! | `faults` | the faults of a gateway, set and read |
//! | [`bridge`] | gives a page real input: it asks, WebDriver does |
//! | [`table`] | what uploads survive, for README |
//! | [`relay`] | counts what a client sends, whoever is killed |
//! | [`page`] | a page of tests, followed to its end |
//! | [`screenshot`] | the picture of the demo |

pub use crate::selection::Browser;

pub mod bench;
pub mod bridge;
pub mod busy;
pub mod consumers;
pub mod contract;
pub mod display;
pub mod drivers;
pub mod element;
pub mod elsewhere;
pub mod end_to_end;
mod faults;
pub mod frozen;
pub mod install;
pub mod kill;
pub mod matrix;
pub mod node;
pub mod page;
pub mod pages;
pub mod peers;
pub mod relay;
pub mod screenshot;
pub mod servers;
pub mod site;
pub mod suite;
pub mod table;
pub mod wasm_tests;
pub mod webdriver;
