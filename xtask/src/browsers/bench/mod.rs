//! The race: the same files through Partway, through hand-written loops and through the uploaders of others, in one
//! Chromium, to servers that throw bytes away and check what came.
//!
//! | module | what it is |
//! |---|---|
//! | [`rows`] | what is uploaded, and under which trouble |
//! | [`who`] | who races, with which settings |
//! | [`tools`] | what is taken from npm, installed and bundled |
//! | [`sink`], [`answers`], [`books`], [`faults`] | the server |
//! | [`tus`] | the server of those who speak tus |
//! | [`line`] | a slow line before both |
//! | [`stage`] | the page, and one race in it |
//! | [`results`], [`document`], [`plot`] | what was measured, and how it is told |
use std::{fs, process::Command, time::Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Browser, drivers::Driver, install, install::Programs, webdriver::Session};
use crate::{arguments::Race, package, step::step, tally::Tally, workspace::Workspace};

pub mod answers;
pub mod books;
pub mod document;
pub mod faults;
pub mod line;
pub mod plot;
pub mod results;
pub mod rows;
pub mod sink;
pub mod stage;
pub mod tools;
pub mod tus;
pub mod who;

use results::Results;
use rows::{Figure, Files, ROWS, Row};
use sink::Sink;
use stage::{Outcome, Stage};
use tools::Peers;
use tus::Tus;
use who::Who;

/// Hand-written loops that go through all rounds: the fastest of those that are tried once.
const LOOPS: usize = 3;
/// Files that are so many that the fastest loop alone goes through all rounds.
const MANY: u64 = 1000;
/// Seconds after which one run of somebody's, other than ours or the limit's, is enough.
const SLOW: f64 = 15.0;
/// The rows that are no uploads.
const WEIGHT: &str = "package";
const NAMES: &str = "10,000 names";

/// `cargo xtask bench`: builds, races, and writes what came of it.
///
/// # Errors
/// Something arrived wrong, or somebody is missing.
pub fn run(workspace: &Workspace, race: &Race) -> Result<()> {
    step("package", || package::write(workspace))?;
    let programs = step("find chromium", || install::programs(workspace, Browser::Chromium))?;
    race_all(workspace, &programs, race, &mut Tally::default())
}

/// The step of `cargo xtask test`: every row once, small.
///
/// # Errors
/// As [`run`].
pub fn quick(workspace: &Workspace, programs: &Programs, tally: &mut Tally) -> Result<()> {
    race_all(workspace, programs, &Race { quick: true, ..Race::default() }, tally)
}

fn race_all(workspace: &Workspace, programs: &Programs, race: &Race, tally: &mut Tally) -> Result<()> {
    let peers = step("what the race takes from npm", || Peers::install(workspace))?;
    let weights = peers.build(&workspace.path("pkg"))?;
    let sink = Sink::start(workspace, peers.built())?;
    let tus = Tus::start(peers.tus()?)?;
    let session = Session::open(Driver::start(Browser::Chromium, programs.clone())?)?;
    let stage = Stage::new(session, sink, tus, &workspace.scratch()?)?;
    let mut meeting = Meeting { stage, race, results: Results::default(), failures: Vec::new() };
    meeting.weights(&weights);
    meeting.names();
    let head = head(workspace, programs, &peers, race)?;
    for row in ROWS {
        meeting.row(row);
        // What is there is there, should the rest be interrupted.
        write(workspace, "target/bench", &meeting.results, &head)?;
    }
    let Meeting { results, failures, .. } = meeting;
    ensure!(!results.0.is_empty(), "no row's name holds {:?}, or nobody's {:?}", race.row, race.who);
    tally.passed += results.0.len() as u64;
    tally.failed += failures.len() as u64;
    if !failures.is_empty() {
        bail!("{} races went wrong:\n  {}", failures.len(), failures.join("\n  "));
    }
    let folder = if race.quick || !race.row.is_empty() || !race.who.is_empty() { "target/bench" } else { "docs" };
    write(workspace, folder, &results, &head)?;
    println!("written: {folder}/bench.json, bench.md, bench.svg");
    Ok(())
}

/// All races of one command.
struct Meeting<'a> {
    stage: Stage,
    race: &'a Race,
    results: Results,
    failures: Vec<String>,
}

impl Meeting<'_> {
    fn row(&mut self, row: &Row) {
        let Some(files) = row.files(self.race.quick).filter(|_| row.name.contains(&self.race.row)) else { return };
        let Some(compared) = row.figures.first().copied() else { return };
        let mut all: Vec<Who> = row.who.concat().into_iter().filter_map(Who::named).collect();
        all.retain(|who| who.name.contains(&self.race.who));
        if row.limit && "limit".contains(&self.race.who) {
            all.extend(self.loops(row, files, compared));
        }
        let runs = if self.race.quick { 1 } else { self.race.runs.min(row.most) };
        let mut slow = Vec::new();
        for round in 0..runs {
            for index in 0..all.len() {
                // Another one begins in each round: what one leaves behind, a hot processor, meets everybody.
                let Some(who) = all.get((index + round) % all.len()) else { continue };
                if slow.contains(&&who.name) {
                    continue;
                }
                let start = Instant::now();
                self.one(row, files, who, round);
                if start.elapsed().as_secs_f64() > SLOW && !who.is_ours() && !who.is_limit() && !row.is_faulty() {
                    slow.push(&who.name);
                }
            }
        }
        self.results.set_limit(row.name, compared.name());
        for who in &all {
            let told =
                [compared.name(), results::GIVEN_UP].map(|figure| self.results.find(row.name, &who.name, figure));
            if told == [None, None] {
                self.failures.push(format!("{}: {} is missing", row.name, who.name));
            }
        }
    }

    /// The hand-written loops of a row. Where there are many each is tried once, and the fastest race.
    fn loops(&mut self, row: &Row, files: Files, compared: Figure) -> Vec<Who> {
        let loops = Who::limits(row, files, self.race.quick);
        if loops.len() <= LOOPS {
            return loops;
        }
        let few = match files.count {
            1 => Files { bytes: files.bytes / 2, ..files },
            count => Files { count: count.div_ceil(5), ..files },
        };
        let mut tried = Vec::new();
        for who in loops {
            match self.stage.race(row, few, &who, 0) {
                Ok(Outcome::Done(figures)) => {
                    let speed = figures.get(compared.name()).copied().unwrap_or_default();
                    println!("{}: tried {}: {speed:.1}", row.name, who.name);
                    tried.push((speed, who));
                }
                Ok(Outcome::GaveUp(error)) => self.failures.push(format!("{}: {}: {error}", row.name, who.name)),
                Err(error) => self.failures.push(format!("{}: {}: {error:#}", row.name, who.name)),
            }
        }
        tried.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let most = if files.count > MANY { 1 } else { LOOPS };
        tried.into_iter().take(most).map(|(_, who)| who).collect()
    }

    fn one(&mut self, row: &Row, files: Files, who: &Who, round: usize) {
        let outcome = match self.stage.race(row, files, who, round as u64) {
            Ok(outcome) => outcome,
            Err(error) => {
                println!("{}: {}: FAILED: {error:#}", row.name, who.name);
                self.failures.push(format!("{}: {}: {error:#}", row.name, who.name));
                return;
            }
        };
        match outcome {
            Outcome::Done(figures) => {
                let mut told = Vec::new();
                for figure in row.figures {
                    let Some(value) = figures.get(figure.name()) else { continue };
                    self.results.add(row.name, &who.name, figure.name(), figure.unit(files), *value);
                    told.push(format!("{} {value:.1} {}", figure.name(), figure.unit(files)));
                }
                println!("{}: {}: {}", row.name, who.name, told.join(", "));
            }
            // Others may be worth less under trouble; that is what the row is for.
            Outcome::GaveUp(error) if row.is_faulty() && !who.is_ours() && !who.is_limit() => {
                println!("{}: {}: gave up: {error}", row.name, who.name);
                self.results.add(row.name, &who.name, results::GIVEN_UP, "runs", 1.0);
            }
            Outcome::GaveUp(error) => {
                println!("{}: {}: FAILED: {error}", row.name, who.name);
                self.failures.push(format!("{}: {}: {error}", row.name, who.name));
            }
        }
    }

    /// A list of sealed names, fetched and opened.
    fn names(&mut self) {
        if !NAMES.contains(&self.race.row) {
            return;
        }
        let (count, runs) = if self.race.quick { (500, 1) } else { (10_000, self.race.runs) };
        for _ in 0..runs {
            let told = match self.stage.run("names", &json!({ "count": count })) {
                Ok(told) => told,
                Err(error) => {
                    self.failures.push(format!("{NAMES}: {error:#}"));
                    return;
                }
            };
            for (who, millis) in told.get("opened").and_then(Value::as_object).into_iter().flatten() {
                if let Some(millis) = millis.as_f64().filter(|_| who.contains(&self.race.who)) {
                    println!("{NAMES}: {who}: {millis:.1} ms");
                    self.results.add(NAMES, who, "listed and opened", "ms", millis);
                }
            }
        }
    }

    fn weights(&mut self, weights: &[(String, f64)]) {
        for (who, bytes) in weights.iter().filter(|(who, _)| who.contains(&self.race.who)) {
            if WEIGHT.contains(&self.race.row) {
                println!("{WEIGHT}: {who}: {bytes} bytes after brotli");
                self.results.add(WEIGHT, who, "brotli", "kB", bytes / 1e3);
            }
        }
    }
}

/// What stands over the tables: where and when they were measured, and how to do it again.
fn head(workspace: &Workspace, programs: &Programs, peers: &Peers, race: &Race) -> Result<String> {
    let said = |command: &mut Command| {
        let output = command.current_dir(&workspace.root).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let commit = said(Command::new("git").args(["rev-parse", "--short", "HEAD"]));
    let date = said(Command::new("date").args(["-u", "+%Y-%m-%d"]));
    let chromium = said(Command::new(&programs.browser).arg("--version"));
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("processors of an unknown model", |(_, model)| model);
    let command = match (race.quick, race.runs) {
        (true, _) => "cargo xtask bench --quick".to_owned(),
        (false, runs) => format!("cargo xtask bench --runs {runs}"),
    };
    let versions = peers.versions()?.join(", ");
    let paragraphs = [
        format!(
            "Made by `{command}` on {date}, commit {commit}, on {processors} x {model}, {chromium}, with other work on \
             the machine. Everybody uploads the same files in one Chromium, one after the other, in rounds that each \
             begin with another one; the servers are on loopback, throw bytes away and check what came. A cell is the \
             median, and from where to where the runs went. Who took longer than {SLOW} s in a row without faults ran \
             there once."
        ),
        format!(
            "\"Of the limit\" is the speed beside that of the best hand-written loop of the same row in the same run: \
             `fetch` and `XMLHttpRequest`, 1 to 6 in flight, slices of 8 to 32 MiB, each tried once with less; the fastest \
             {LOOPS} race (of more than {MANY} files the fastest one; in rows with faults six `XMLHttpRequest` of 16 \
             MiB). A loop encrypts no name and keeps nothing for a reload. It tries again every half second, 40 times."
        ),
        "Partway and the loops make the three calls a file of the Upload API; Uppy, lib-storage and upchunk speak S3 or \
         plain ranges to the same server, where a small file is one request; tus speaks to @tus/server. `…-defaults` is \
         with the peer's own defaults, else with the best that its documentation offers. lib-storage signs each part's \
         bytes in JavaScript. A longest task of 0 is one of less than 50 ms. Where connections break, it is one in a \
         hundred pieces of 256 KiB that ends its connection. HTTP/2 is not raced: this server does not speak it."
            .to_owned(),
        format!("{versions}."),
    ];
    Ok(format!("# The race\n\n{}", paragraphs.map(|paragraph| document::wrapped(&paragraph)).join("\n")))
}

fn write(workspace: &Workspace, folder: &str, results: &Results, head: &str) -> Result<()> {
    let path = workspace.path(folder);
    fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
    for (name, text) in [
        ("bench.json", results.json()),
        ("bench.md", document::markdown(results, head)),
        ("bench.svg", plot::svg(results)),
    ] {
        fs::write(path.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}
