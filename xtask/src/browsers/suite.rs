//! The steps of `cargo xtask test`.
use std::{
    net::TcpListener,
    thread::{self, ScopedJoinHandle},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use super::{
    Browser, bench, busy::Busy, consumers, contract, element, end_to_end, install, install::Programs, kill, matrix,
    pages, peers, servers::Servers, table, table::Table, wasm_tests,
};
use crate::{
    dependencies,
    gateway::Gateway,
    native::{self, WITH_FAULTS},
    package, rules,
    selection::{Selection, Step},
    step::step,
    tally::Tally,
    workspace::Workspace,
};

/// Where the gateway of the tests listens if it can: a port that stays lets the wasm tests be compiled once.
const PORT: u16 = 8788;

/// Runs the selected steps, all of them even if one fails, and prints the sum at the end.
///
/// # Errors
/// A step failed; the sentence lists which.
pub fn run(workspace: &Workspace, selection: &Selection) -> Result<()> {
    let suite = Suite::run(workspace, selection);
    if selection.steps().contains(&Step::Matrix) {
        println!("\n{}", suite.table.markdown(&selection.browsers()));
    }
    println!("{} passed, {} failed", suite.tally.passed, suite.tally.failed);
    suite.verdict()
}

/// Runs all that shows what uploads survive, and writes its table into README. Of all that is printed only the table
/// goes to stdout.
///
/// # Errors
/// A row fails, or a step before it; README stays as it was then.
pub fn survives(workspace: &Workspace) -> Result<()> {
    let only = vec![Step::Matrix, Step::Pages, Step::Kill];
    let selection = Selection { only, full: true, ..Selection::default() };
    let suite = Suite::run(workspace, &selection);
    let text = suite.table.markdown(&Browser::ALL);
    print!("{text}");
    suite.verdict()?;
    table::write_to_readme(workspace, &text)
}

struct Suite<'a> {
    workspace: &'a Workspace,
    tally: Tally,
    failures: Vec<String>,
    table: Table,
}

impl<'a> Suite<'a> {
    fn run(workspace: &'a Workspace, selection: &Selection) -> Self {
        let mut suite = Self { workspace, tally: Tally::default(), failures: Vec::new(), table: Table::default() };
        let start = Instant::now();
        suite.all(selection);
        eprintln!("==> everything: {:.1} s", start.elapsed().as_secs_f64());
        for failure in &suite.failures {
            eprintln!("FAILED {failure}");
        }
        suite
    }

    fn verdict(&self) -> Result<()> {
        if self.failures.is_empty() { Ok(()) } else { bail!("{} of the steps failed", self.failures.len()) }
    }

    fn all(&mut self, selection: &Selection) {
        let steps = selection.steps();
        for one in steps.iter().filter(|step| !step.needs_browsers()) {
            match one {
                Step::Format => self.step("formatting", |workspace, _| native::format(workspace)),
                Step::Rules => self.step("rules of the source", |workspace, _| rules::check(workspace)),
                Step::Dependencies => self.step("dependencies", |workspace, _| dependencies::check(workspace)),
                Step::Clippy => self.step("clippy", |workspace, _| native::clippy(workspace)),
                Step::Native => self.step("native tests", native::tests),
                Step::Peers => self.step("peers", peers::run),
                _ => self.step("package", |workspace, _| package::write(workspace)),
            };
        }
        if steps.iter().any(|step| step.needs_browsers()) {
            self.in_browsers(selection, &steps);
        }
    }

    fn in_browsers(&mut self, selection: &Selection, steps: &[Step]) {
        // A package that was not built now is an old one: tests of it would tell nothing.
        if !steps.contains(&Step::Package) && self.step("package", |workspace, _| package::write(workspace)).is_none() {
            return;
        }
        if self.failures.iter().any(|failure| failure.starts_with("package")) {
            self.failures.push("the steps in browsers were not run: they need the package".to_owned());
            return;
        }
        if steps.contains(&Step::Element)
            && self.step("npm packages of the element's tests", |workspace, _| element::install(workspace)).is_none()
        {
            return;
        }
        let mut programs = Vec::new();
        let needed = |browser: &&Browser| steps.iter().any(|step| step.runs_in(**browser));
        for browser in selection.browsers().iter().filter(needed) {
            let found = self.step(&format!("find {browser}"), |workspace, _| install::programs(workspace, *browser));
            programs.extend(found.map(|found| (*browser, found)));
        }
        let Some((program, gateway, servers)) = self.step("start the gateway", |workspace, _| {
            let program = built_gateway(workspace)?;
            let port = if TcpListener::bind(("127.0.0.1", PORT)).is_ok() { PORT } else { 0 };
            let servers = Servers::start(workspace)?;
            let gateway = Gateway::start(workspace, program.clone(), port, &["--fault-origin", &servers.site])?;
            Ok((program, gateway, servers))
        }) else {
            return;
        };
        let (workspace, table) = (self.workspace, Table::default());
        let place = matrix::Place {
            workspace,
            program: &program,
            site: &servers.site,
            only: &selection.fault,
            test: &selection.test,
            shared: !selection.full,
        };
        let measure = if selection.full { kill::Measure::FULL } else { kill::Measure::SHORT };
        let killed = kill::Place { workspace, program: &program, site: &servers.site, measure };
        let consuming = consumers::Place { workspace, gateway: &gateway, only: &selection.test };
        let tests =
            contract::Place { gateway: &gateway, servers: &servers, only: &selection.test, full: selection.full };
        let in_order = steps.iter().filter(|step| step.needs_browsers());
        let _busy = selection.busy.then(Busy::start);
        let rounds = selection.rounds();
        for (round, one) in (1..=rounds).flat_map(|round| in_order.clone().map(move |one| (round, one))) {
            let run = |browser: Browser, programs: &Programs, tally: &mut Tally| match one {
                Step::Wasm => wasm_tests::run(workspace, browser, programs, &gateway.origin, tally),
                Step::Contract => contract::run(browser, programs.clone(), &tests, tally),
                Step::Element => element::run(browser, programs.clone(), &tests, tally),
                Step::Matrix => matrix::run(browser, programs.clone(), &place, &table, tally),
                Step::Pages => pages::run(browser, programs, &tests, &table, tally),
                Step::Kill => kill::run(browser, programs, &killed, &table, tally),
                Step::Consumers => consumers::run(browser, programs, &consuming, tally),
                Step::Bench => bench::quick(workspace, programs, tally),
                _ => end_to_end::run(browser, programs.clone(), &gateway, tally),
            };
            let number = if rounds > 1 { format!(", round {round} of {rounds}") } else { String::new() };
            self.side_by_side(one, &number, &programs, run);
            if rounds > 1 && !self.failures.is_empty() {
                break;
            }
        }
        self.table = table;
    }

    /// Does a step in its browsers at once: each waits for the faults of its tests most of the time.
    fn side_by_side(
        &mut self,
        one: &Step,
        number: &str,
        programs: &[(Browser, Programs)],
        run: impl Fn(Browser, &Programs, &mut Tally) -> Result<()> + Sync,
    ) {
        let run = &run;
        let outcomes: Vec<_> = thread::scope(|scope| {
            let start = |(browser, programs): &(Browser, Programs)| {
                let (browser, programs) = (*browser, programs.clone());
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    let name = format!("{one} tests in {browser}{number}");
                    let result = step(&name, || run(browser, &programs, &mut tally));
                    (tally, result)
                })
            };
            let running: Vec<_> = programs.iter().filter(|(browser, _)| one.runs_in(*browser)).map(start).collect();
            running.into_iter().map(ScopedJoinHandle::join).collect()
        });
        for outcome in outcomes {
            match outcome {
                Ok((tally, result)) => drop(self.ended(tally, result)),
                Err(_) => self.failures.push(format!("{one} tests panicked")),
            }
        }
    }

    /// Does a step.
    fn step<T>(&mut self, name: &str, work: impl FnOnce(&Workspace, &mut Tally) -> Result<T>) -> Option<T> {
        let mut tally = Tally::default();
        let result = step(name, || work(self.workspace, &mut tally));
        self.ended(tally, result)
    }

    /// Counts what a step did. One that fails without a failed test counts as one.
    fn ended<T>(&mut self, mut tally: Tally, result: Result<T>) -> Option<T> {
        let made = match result {
            Ok(made) => Some(made),
            Err(error) => {
                eprintln!("{error:#}");
                tally.failed = tally.failed.max(1);
                self.failures.push(format!("{error:#}"));
                None
            }
        };
        self.tally += tally;
        made
    }
}

/// The gateway as it was built with everything else.
///
/// # Errors
/// The build fails.
pub fn built_gateway(workspace: &Workspace) -> Result<std::path::PathBuf> {
    let mut build = workspace.cargo();
    build.args(["build", "--package", "xtask", "--package", "partway-gateway", "--features", WITH_FAULTS]);
    workspace.artifacts(build)?.executable("partway-gateway").context("cargo built no partway-gateway")
}
