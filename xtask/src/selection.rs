//! What `cargo xtask test` runs: which steps, in which browsers, which tests of them, how long and how often.
use std::fmt;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

/// A step of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// `cargo fmt --check`
    Format,
    /// The rules of the source that text can tell
    Rules,
    /// What is taken from others: licences, sources, duplicates, advisories
    Dependencies,
    /// Clippy for the host and for the browser
    Clippy,
    /// `cargo test` for the host
    Native,
    /// Names against the software of others
    Peers,
    /// `pkg/` is built
    Package,
    /// The wasm tests, in each browser
    Wasm,
    /// The contract tests, in each browser
    Contract,
    /// The element, with real input, in each browser
    Element,
    /// What uploads survive, in each browser
    Matrix,
    /// One upload and several pages, in each browser
    Pages,
    /// The gateway and the browser are killed under an upload, in each browser
    Kill,
    /// The demo page, in each browser
    EndToEnd,
    /// The packed package in fresh apps, in Chromium
    Consumers,
    /// Every row of the race once, small, in Chromium: that everything arrives, not how fast
    Bench,
}

impl Step {
    /// Whether the step drives browsers.
    #[must_use]
    pub fn needs_browsers(self) -> bool {
        !matches!(
            self,
            Self::Format | Self::Rules | Self::Dependencies | Self::Clippy | Self::Native | Self::Peers | Self::Package
        )
    }

    /// Whether the step, one that needs browsers, is run in this one. A bundler makes the same for each of them, and
    /// the race is one of programs, not of browsers.
    #[must_use]
    pub fn runs_in(self, browser: Browser) -> bool {
        self.needs_browsers() && (!matches!(self, Self::Consumers | Self::Bench) || browser == Browser::Chromium)
    }

    /// Whether `--test` chooses among its tests.
    fn has_named_tests(self) -> bool {
        matches!(self, Self::Contract | Self::Element | Self::Matrix | Self::Pages | Self::Consumers)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(self, formatter)
    }
}

/// A browser the tests run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Browser {
    /// Chromium, by ChromeDriver
    Chromium,
    /// Firefox, by geckodriver
    Firefox,
    /// WebKitGTK's MiniBrowser, by WebKitWebDriver
    Webkit,
}

impl Browser {
    /// All of them, the fastest first.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];
}

impl fmt::Display for Browser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(self, formatter)
    }
}

/// Writes what a person types for it.
fn write_value(value: &impl ValueEnum, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    value.to_possible_value().map_or(Ok(()), |known| formatter.write_str(known.get_name()))
}

/// What to run: without an option everything, in its short variants. The comments of the fields are `--help`.
#[derive(Args, Clone, Debug, Default)]
pub struct Selection {
    /// Run this step, not all of them; repeatable
    #[arg(long, value_name = "STEP")]
    pub only: Vec<Step>,

    /// Run the steps in browsers in this one, not in all of them; repeatable
    #[arg(long, value_name = "NAME")]
    pub browser: Vec<Browser>,

    /// Of the matrix run only the faults whose name holds this, in any case
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub fault: String,

    /// Of contract, element, matrix, pages and consumers run only the tests whose name holds this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, requires = "only")]
    pub test: String,

    /// Run the long variants: the longest file of the matrix under every fault in each browser, `kill` 20 and 5 times,
    /// the contract's tests with the default times
    #[arg(long)]
    pub full: bool,

    /// Run the steps in browsers so many times, and stop at the first that fails
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: Option<u32>,

    /// Keep two processors busy while the steps in browsers run
    #[arg(long)]
    pub busy: bool,
}

impl Selection {
    /// The selected steps, in their order.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        selected(&self.only)
    }

    /// The selected browsers, in their order.
    #[must_use]
    pub fn browsers(&self) -> Vec<Browser> {
        selected(&self.browser)
    }

    /// How many times the steps in browsers run.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.repeat.unwrap_or(1)
    }

    /// Refuses options that no selected step knows: they would choose nothing, silently.
    ///
    /// # Errors
    /// There is such an option; the sentence says which steps know it.
    pub fn validate(&self) -> Result<()> {
        let has = |step: &&Step| step.has_named_tests();
        if let Some(other) = self.only.iter().find(|step| !has(step)).filter(|_| !self.test.is_empty()) {
            let known: Vec<String> = Step::value_variants().iter().filter(has).map(ToString::to_string).collect();
            bail!("--test cannot choose among the tests of {other}, only of {}", known.join(", "));
        }
        if (self.repeat.is_some() || self.busy) && !self.steps().iter().any(|step| step.needs_browsers()) {
            bail!("--repeat and --busy are for steps in browsers, and none was chosen");
        }
        Ok(())
    }
}

fn selected<T: ValueEnum + PartialEq>(chosen: &[T]) -> Vec<T> {
    T::value_variants().iter().filter(|value| chosen.is_empty() || chosen.contains(value)).cloned().collect()
}
