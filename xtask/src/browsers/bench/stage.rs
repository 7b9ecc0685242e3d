//! Where a race is run: the browser's page, the servers, the files.
use std::{
    collections::HashMap,
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    books::Books,
    line::Line,
    rows::{Figure, Files, Row},
    sink::Sink,
    tus::Tus,
    who::Who,
};
use crate::browsers::webdriver::Session;

/// Longest that the page takes to load.
const LOADING: Duration = Duration::from_secs(60);
/// Longest that a race takes, its bytes and files apart.
const PATIENCE: Duration = Duration::from_secs(60);

/// The page, the servers and the files.
pub struct Stage {
    session: Session,
    sink: Sink,
    tus: Tus,
    folder: TempDir,
    races: AtomicU64,
}

/// How a race ended.
pub enum Outcome {
    /// All arrived; what is told of it.
    Done(HashMap<&'static str, f64>),
    /// The client said that it failed, or did not end.
    GaveUp(String),
}

impl Stage {
    /// Puts all of it together. Files on the disk are made in `scratch`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(session: Session, sink: Sink, tus: Tus, scratch: &Path) -> Result<Self> {
        let folder = TempDir::with_prefix_in("race-", scratch).context("cannot create a temporary folder")?;
        Ok(Self { session, sink, tus, folder, races: AtomicU64::new(0) })
    }

    /// One uploads the files of a row.
    ///
    /// # Errors
    /// What arrived is not what was sent, though the client said so, or the browser is gone.
    pub fn race(&self, row: &Row, files: Files, who: &Who, seed: u64) -> Result<Outcome> {
        let run = self.races.fetch_add(1, Ordering::Relaxed).to_string();
        let faults = row.faults(files);
        self.sink.open(&run, faults);
        self.tus.open(&run, faults)?;
        let lay = |target: SocketAddr| row.trouble.line.map(|quality| Line::start(target, quality, seed)).transpose();
        let lines = (lay(self.sink.address)?, lay(self.tus.address)?);
        let origin = lines.0.as_ref().map_or(self.sink.address, |line| line.address);
        let tus = lines.1.as_ref().map_or(self.tus.address, |line| line.address);
        let race = json!({
            "who": who.module,
            "run": run,
            "files": { "count": files.count, "bytes": files.bytes, "disk": files.disk },
            "settings": who.settings,
            "tus": format!("http://{tus}"),
            // Long enough that Partway keeps what survives a reload.
            "session": format!("race-{run}-0f8fad5b-d9cb-469f-a165-70867728950e"),
        });
        let page = format!("http://{origin}/");
        self.begin(&page, files, &race)?;
        let mut began = None;
        if row.trouble.reload {
            self.wait_for_half(files, who, &run)?;
            began = self.session.execute("return window.began", json!([]))?.as_f64();
            self.begin(&page, files, &race)?;
        }
        let told = self.outcome(files)?;
        let books = self.sink.close(&run);
        let books = if who.is_tus() { self.tus.books(&run)? } else { books };
        if let Some(error) = told.get("error").and_then(Value::as_str) {
            return Ok(Outcome::GaveUp(error.to_owned()));
        }
        books.check(files.count, files.bytes, row.is_faulty())?;
        figures(files, &told, began, &books).context("the page told something else").map(Outcome::Done)
    }

    /// Loads the page, picks the files and starts.
    fn begin(&self, page: &str, files: Files, race: &Value) -> Result<()> {
        self.session.go_to(page)?;
        self.session.wait_for("the page", LOADING, "return window.ready === true", &json!([]))?;
        if files.disk {
            let paths = self.paths(files)?;
            self.session.pick("#file", &paths.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        }
        self.session.execute("window.begin(arguments[0])", json!([race])).map(drop)
    }

    /// The files of this size on the disk, made where they lack. They are sparse: what is raced is not the disk.
    fn paths(&self, files: Files) -> Result<Vec<PathBuf>> {
        let paths = (0..files.count).map(|index| self.folder.path().join(format!("{}-{index}.bin", files.bytes)));
        let paths: Vec<PathBuf> = paths.collect();
        for path in paths.iter().filter(|path| !path.exists()) {
            File::create(path)?.set_len(files.bytes).context("cannot make a file to upload")?;
        }
        Ok(paths)
    }

    fn wait_for_half(&self, files: Files, who: &Who, run: &str) -> Result<()> {
        let start = Instant::now();
        loop {
            let bytes = if who.is_tus() { self.tus.bytes(run)? } else { self.sink.bytes(run) };
            if bytes >= files.sum() / 2 {
                return Ok(());
            }
            ensure!(start.elapsed() < PATIENCE, "half of the bytes did not come");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the page tells at the end.
    fn outcome(&self, files: Files) -> Result<Value> {
        let patience = PATIENCE + Duration::from_millis(files.sum() / 20_000 + files.count * 60);
        let start = Instant::now();
        while start.elapsed() < patience {
            let told = self.session.execute("return window.outcome", json!([]))?;
            if !told.is_null() {
                return Ok(told);
            }
            thread::sleep(Duration::from_millis(150));
        }
        Ok(json!({ "error": format!("no end after {} s", patience.as_secs()) }))
    }

    /// Runs a module that is no race, such as `names`; gives what it tells.
    ///
    /// # Errors
    /// It throws, or does not end.
    pub fn run(&self, module: &str, settings: &Value) -> Result<Value> {
        let run = self.races.fetch_add(1, Ordering::Relaxed).to_string();
        self.sink.open(&run, super::faults::Faults::default());
        let files = Files { count: 0, bytes: 0, disk: false };
        let race = json!({
            "who": module, "run": run, "files": { "count": 0, "bytes": 0 }, "settings": settings, "tus": "",
            "session": "0f8fad5b-d9cb-469f-a165-70867728950e",
        });
        self.begin(&format!("http://{}/", self.sink.address), files, &race)?;
        let told = self.outcome(files)?;
        let _ = self.sink.close(&run);
        if let Some(error) = told.get("error").and_then(Value::as_str) {
            bail!("{module}: {error}");
        }
        Ok(told)
    }
}

/// What is told of a race.
fn figures(files: Files, told: &Value, began: Option<f64>, books: &Books) -> Option<HashMap<&'static str, f64>> {
    let number = |key: &str| told.get(key).and_then(Value::as_f64);
    let (began, ended) = (began.or_else(|| number("began"))?, number("ended")?);
    let seconds = (ended - began) / 1e3;
    let last = books.last.unwrap_or(SystemTime::now()).duration_since(UNIX_EPOCH).ok()?.as_secs_f64() * 1e3;
    let memory = number("before").zip(number("after"));
    let mut figures = HashMap::from([
        (Figure::Throughput.name(), Figure::amount(files) / seconds),
        (Figure::Time.name(), seconds),
        (Figure::Twice.name(), books.bytes.saturating_sub(files.sum()) as f64 / 1e6),
        (Figure::Task.name(), number("longest")?),
        (Figure::Tail.name(), (ended - last).max(0.0)),
    ]);
    if let Some((before, after)) = memory {
        figures.insert(Figure::Memory.name(), after / 1e6);
        figures.insert(Figure::Waiting.name(), (after - before) / files.count as f64);
    }
    Some(figures)
}
