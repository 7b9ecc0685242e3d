//! `kill -9` of the gateway, and of the browser, during an upload: the file arrives identical, and little of it is sent
//! twice.
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Browser, drivers::Driver, end_to_end, install::Programs, relay::Relay, table::Table, webdriver::Session};
use crate::{gateway::Gateway, process, tally::Tally, workspace::Workspace};

/// Bytes of a part, and parts in flight.
const PART: u64 = 5 << 20;
const PARALLEL: u64 = 3;
/// Bytes a second that the gateway takes of a part: slow enough to be killed in the midst of it.
const SPEED: u64 = 12_000_000;
/// Bytes of a request beside those of the file: its head, the tags of a completion.
const HEAD: u64 = 2 << 10;
/// Longest that anything takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much is uploaded, and how often what is killed.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Bytes of the file.
    pub bytes: usize,
    /// Times that the gateway is killed.
    pub gateway: u64,
    /// Times that the browser is killed.
    pub browser: u64,
}

impl Measure {
    /// What is promised.
    pub const FULL: Self = Self { bytes: 200_000_000, gateway: 20, browser: 5 };
    /// What every run has time for.
    pub const SHORT: Self = Self { bytes: 60_000_000, gateway: 3, browser: 2 };
}

/// Where the page is, and what is killed.
pub struct Place<'a> {
    /// The repository.
    pub workspace: &'a Workspace,
    /// A gateway's program, with faults.
    pub program: &'a Path,
    /// Origin of the page.
    pub site: &'a str,
    /// How much, and how often.
    pub measure: Measure,
}

/// Kills the gateway, then the browser.
///
/// # Errors
/// The file does not arrive, or differs, or too much of it was sent twice.
pub fn run(browser: Browser, programs: &Programs, place: &Place<'_>, table: &Table, tally: &mut Tally) -> Result<()> {
    let measure = place.measure;
    let scene = Scene::new(browser, programs, place)?;
    let Measure { gateway, browser: browsers, .. } = measure;
    let mut failed = None;
    for (what, count) in [("gateway", gateway), ("browser", browsers)] {
        let fault = format!("`kill -9` of the {what}, {count} times in {} MB", measure.bytes / 1_000_000);
        if what == "browser" && browser == Browser::Webkit {
            let why = "an automated WebKitGTK keeps nothing";
            println!("{browser}: {fault}: cannot be run, {why}");
            table.enter(browser, &json!({ "fault": fault, "size": "", "ok": true, "impossible": why }));
            continue;
        }
        let outcome = if what == "gateway" { scene.kill_gateway() } else { scene.kill_browser() };
        tally.count(outcome.is_ok());
        let told = outcome.as_ref().map_or_else(|error| format!("FAILED: {error:#}"), |told| format!("ok ({told})"));
        println!("{browser}: {fault} ... {told}");
        table.enter(
            browser,
            &json!({ "fault": fault, "size": "", "ok": outcome.is_ok(), "note": outcome.as_ref().ok() }),
        );
        failed = outcome.err().or(failed);
    }
    failed.map_or(Ok(()), Err)
}

struct Scene<'a> {
    browser: Browser,
    programs: &'a Programs,
    place: &'a Place<'a>,
    page: String,
    measure: Measure,
    file: PathBuf,
    digest: String,
    folder: TempDir,
}

impl<'a> Scene<'a> {
    fn new(browser: Browser, programs: &'a Programs, place: &'a Place<'a>) -> Result<Self> {
        let measure = place.measure;
        let folder = TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
        let file = folder.path().join("killed.bin");
        let digest = end_to_end::write_random(&file, measure.bytes)?;
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let page = format!("{}/matrix/picked.html", place.site);
        Ok(Self { browser, programs, place, page, measure, file, digest, folder })
    }

    fn kill_gateway(&self) -> Result<String> {
        let data = self.folder.path().join("gateway-killed");
        let mut gateway = self.gateway(&data, 0)?;
        let address = address(&gateway)?;
        let relay = Relay::start(address)?;
        let options = open_session(&gateway, &relay)?;
        let session = Session::open(Driver::start(self.browser, self.programs.clone())?)?;
        self.begin(&session, &options)?;
        for kill in 0..self.measure.gateway {
            self.wait_for_part(&session, kill, self.measure.gateway)?;
            gateway.kill()?;
            gateway = self.gateway(&data, address.port())?;
        }
        self.finish(&session, &relay, self.measure.gateway, false)
    }

    fn kill_browser(&self) -> Result<String> {
        let gateway = self.gateway(&self.folder.path().join("browser-killed"), 0)?;
        let relay = Relay::start(address(&gateway)?)?;
        let options = open_session(&gateway, &relay)?;
        let profile = self.folder.path().join("profile");
        for kill in 0..self.measure.browser {
            let session = self.browser(&profile)?;
            self.begin(&session, &options)?;
            self.wait_for_part(&session, kill, self.measure.browser)?;
            kill_browser(&profile)?;
        }
        let session = self.browser(&profile)?;
        self.begin(&session, &options)?;
        self.finish(&session, &relay, self.measure.browser, true)
    }

    /// A gateway on its data folder, which takes parts slowly.
    fn gateway(&self, data: &Path, port: u16) -> Result<Gateway> {
        let data = data.to_str().context("the temporary folder's path is no UTF-8")?;
        let gateway = Gateway::start(self.place.workspace, self.place.program.to_owned(), port, &["--data", data])?;
        let rules = json!([{ "match": { "method": "PUT" }, "do": { "throttle": SPEED } }]);
        gateway.set_faults("default", &rules)?;
        Ok(gateway)
    }

    fn browser(&self, profile: &Path) -> Result<Session> {
        Session::open(Driver::start_on_profile(self.browser, self.programs.clone(), profile)?)
    }

    /// Picks the file and begins to upload it.
    fn begin(&self, session: &Session, options: &Value) -> Result<()> {
        session.go_to(&self.page)?;
        session.wait_for("the page", PATIENCE, "return window.ready === true", &json!([]))?;
        session.pick("#file", &[&self.file])?;
        session.execute("window.begin(arguments[0])", json!([options])).map(drop)
    }

    /// Waits until a further share of the parts is stored, and then until the next ones are on their way.
    fn wait_for_part(&self, session: &Session, kill: u64, kills: u64) -> Result<()> {
        let parts = (self.measure.bytes as u64).div_ceil(PART);
        let target = (kill + 1) * (parts - PARALLEL) / (kills + 1);
        let script =
            "const { partsDone, error } = window.told; return error ?? (partsDone >= arguments[0] && partsDone)";
        let done = session.wait_for("a part", PATIENCE, script, &json!([target.max(1)]))?;
        ensure!(done.as_u64().is_some_and(|done| done < parts), "before kill {}: {done}", kill + 1);
        thread::sleep(Duration::from_millis(150));
        Ok(())
    }

    /// Waits for the end and checks what arrived, and how much was sent for it.
    fn finish(&self, session: &Session, relay: &Relay, kills: u64, resumed: bool) -> Result<String> {
        let script = "const { digest, error } = window.told; return (digest || error) && window.told";
        let told = session.wait_for("the upload to end", PATIENCE, script, &json!([]))?;
        let digest = told.get("digest").and_then(Value::as_str);
        ensure!(digest == Some(self.digest.as_str()), "the file did not arrive: {told}");
        let from = told.get("resumedFrom").and_then(Value::as_u64).unwrap_or_default();
        ensure!(!resumed || from > 0, "the upload began anew");
        let (sent, size) = (relay.sent(), self.measure.bytes as u64);
        // A gateway with faults serves one request a connection.
        let most = size + kills * PARALLEL * PART + relay.connections() * HEAD;
        ensure!(sent <= most, "{sent} bytes were sent for a file of {size}; at most {most} had to be");
        Ok(format!("{:.1} MB sent of {:.1} allowed", sent as f64 / 1e6, most as f64 / 1e6))
    }
}

fn address(gateway: &Gateway) -> Result<SocketAddr> {
    gateway.origin.trim_start_matches("http://").parse().context("the gateway's origin is no address")
}

/// Opens a session; gives the options of its bucket, behind the relay.
fn open_session(gateway: &Gateway, relay: &Relay) -> Result<Value> {
    let mut answer = ureq::post(format!("{}/v1/session", gateway.origin)).send_json(json!({}))?;
    let session: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    Ok(json!({
        "endpoint": format!("{}/v1", relay.origin),
        "token": session.pointer("/credentials/token"),
        "sessionId": session.get("sessionId"),
        "partSize": PART,
        "parallel": PARALLEL,
    }))
}

/// `kill -9` of the browser that runs on this profile, and of no other.
fn kill_browser(profile: &Path) -> Result<()> {
    let flags = [format!("--user-data-dir={}", profile.display()), profile.display().to_string()];
    let start = Instant::now();
    let mut killed = 0;
    loop {
        let running = processes_with(&flags);
        if running.is_empty() && killed > 0 {
            return Ok(());
        }
        ensure!(!running.is_empty() || killed > 0, "no browser runs on the profile");
        ensure!(start.elapsed() < PATIENCE, "the browser cannot be killed");
        for id in running {
            process::kill(id);
            killed += 1;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that were started with one of these arguments.
fn processes_with(arguments: &[String]) -> Vec<u32> {
    let started_with = |id: &u32| {
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|part| arguments.iter().any(|argument| part == argument.as_bytes()))
    };
    process::all().into_iter().filter(started_with).collect()
}
