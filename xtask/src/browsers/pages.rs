//! One upload and several pages: reloaded, beside each other, one after another; and a picked file that changes on the
//! disk.
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Browser, contract::Place, drivers::Driver, end_to_end, frozen, install::Programs, table::Table, webdriver::Session,
};
use crate::{gateway::Gateway, tally::Tally};

/// Bytes of a part, parts of the file, and parts in flight.
const PART: usize = 5 << 20;
const PARTS: usize = 8;
const PARALLEL: usize = 2;
/// How late the gateway answers a part, in milliseconds: a tab is opened and closed before the file is stored.
const DELAY: u32 = 600;
/// Longest that anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is tried, by its name in the table.
const CHECKS: [(&str, Check); 9] = [
    ("A page is reloaded: the upload goes on", Scene::reloaded),
    ("A second tab picks the same file: it follows the first", Scene::followed),
    ("The tab that sends is closed: the second takes over", Scene::closed),
    ("The tab that sends goes to another page: the second takes over", Scene::left),
    ("The tab that sends is frozen: the second takes over, and nothing counts twice when it wakes", Scene::frozen),
    ("No token: a new tab with a new one goes on", Scene::new_token),
    ("The file changes on the disk: `file-changed`, nothing is completed", Scene::changed),
    ("The file is deleted: `file-changed`, nothing is completed", Scene::deleted),
    ("An empty file is deleted before it is sent: `file-changed`, nothing is completed", Scene::empty_and_deleted),
];

/// Runs those in one browser whose name holds `place.only`.
///
/// # Errors
/// A part is sent twice without need, something stored is lost, a changed file is completed, or no name holds the text.
pub fn run(browser: Browser, programs: &Programs, place: &Place<'_>, table: &Table, tally: &mut Tally) -> Result<()> {
    let checks = || CHECKS.into_iter().filter(|(name, _)| name.contains(place.only));
    ensure!(
        checks().next().is_some(),
        "no test of the pages has such a name: {}",
        CHECKS.map(|(name, _)| name).join("; ")
    );
    let (gateway, site) = (place.gateway, &place.servers.site);
    let folder = TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
    let file = folder.path().join("picked.bin");
    let digest = end_to_end::write_random(&file, PARTS * PART - 1)?;
    let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let session = Session::open(Driver::start(browser, programs.clone())?)?;
    let scene =
        Scene { session, origin: gateway.origin.clone(), page: format!("{site}/matrix/picked.html"), file, digest };
    let mut failed = None;
    for (number, (name, check)) in checks().enumerate() {
        let start = Instant::now();
        let outcome =
            Service::open(gateway, &format!("pages-{browser}-{number}")).and_then(|service| check(&scene, &service));
        tally.count(outcome.is_ok());
        let told = outcome.as_ref().map_or_else(|error| format!("FAILED: {error:#}"), |()| "ok".to_owned());
        println!("{browser}: {name} ... {told} ({} ms)", start.elapsed().as_millis());
        let note = outcome.is_ok().then_some("yes");
        table.enter(browser, &json!({ "fault": name, "size": "", "ok": outcome.is_ok(), "note": note }));
        failed = outcome.err().or(failed);
        scene.one_tab()?;
    }
    failed.map_or(Ok(()), Err)
}

type Check = fn(&Scene, &Service<'_>) -> Result<()>;

struct Scene {
    session: Session,
    origin: String,
    page: String,
    file: PathBuf,
    digest: String,
}

impl Scene {
    fn reloaded(&self, service: &Service<'_>) -> Result<()> {
        self.begin(&self.file, &service.options())?;
        self.wait("two parts", "return told.error ?? told.partsDone >= 2")?;
        self.begin(&self.file, &service.options())?;
        let from = self.arrives()?;
        ensure!(from >= 2 * PART, "it went on from {from}");
        service.ensure_sent(1, PARALLEL)
    }

    fn followed(&self, service: &Service<'_>) -> Result<()> {
        self.begin(&self.file, &service.options())?;
        self.wait("a part", "return told.error ?? told.partsDone >= 1")?;
        let first = self.session.tab()?;
        self.session.new_tab()?;
        self.begin(&self.file, &service.options())?;
        self.wait("news of the first tab", "return told.error ?? told.sent > 0")?;
        self.arrives()?;
        self.session.switch_to(&first)?;
        self.arrives()?;
        service.ensure_sent(1, 0)
    }

    fn closed(&self, service: &Service<'_>) -> Result<()> {
        self.taken_over(service, Session::close_tab)
    }

    fn left(&self, service: &Service<'_>) -> Result<()> {
        self.taken_over(service, |session| session.go_to("about:blank"))
    }

    fn taken_over(&self, service: &Service<'_>, leave: impl FnOnce(&Session) -> Result<()>) -> Result<()> {
        service.hold_third_and_fourth(PATIENCE)?;
        let options = service.options_with(&json!({ "stallTimeout": PATIENCE.as_millis() as u64 }));
        let first = self.session.tab()?;
        self.begin(&self.file, &options)?;
        self.wait("two parts", "return told.error ?? told.partsDone >= 2")?;
        let second = self.session.new_tab()?;
        self.begin(&self.file, &options)?;
        self.wait("news of the first tab", "return told.error ?? told.sent > 0")?;
        self.session.switch_to(&first)?;
        self.wait_for_sending()?;
        leave(&self.session)?;
        self.session.switch_to(&second)?;
        let from = self.arrives()?;
        ensure!(from >= 2 * PART, "it went on from {from}");
        service.ensure_sent(1, PARALLEL)
    }

    fn frozen(&self, service: &Service<'_>) -> Result<()> {
        // Should it not be taken over from, nothing arrives while the second tab is waited for.
        let held = 3 * PATIENCE;
        service.hold_third_and_fourth(held)?;
        let first = self.session.tab()?;
        self.pick(&self.file)?;
        let sending = frozen::process_of(&self.session)?;
        self.upload(&service.options_with(&json!({ "stallTimeout": held.as_millis() as u64 })))?;
        self.wait("two parts", "return told.error ?? told.partsDone >= 2")?;
        let second = self.session.new_tab()?;
        self.pick(&self.file)?;
        let following = frozen::process_of(&self.session)?;
        ensure!(following != sending, "both tabs are process {sending}");
        self.upload(&service.options())?;
        self.wait("news of the first tab", "return told.error ?? told.sent > 0")?;
        self.session.switch_to(&first)?;
        self.wait_for_sending()?;
        self.session.switch_to(&second)?;
        let stopped = frozen::freeze(sending)?;
        let from = self.arrives()?;
        ensure!(from >= 2 * PART, "it went on from {from}");
        drop(stopped);
        self.session.switch_to(&first)?;
        self.arrives()?;
        service.ensure_sent(1, PARALLEL)
    }

    fn new_token(&self, service: &Service<'_>) -> Result<()> {
        service.rules(json!([
            { "match": { "method": "PUT", "nth": [4] }, "do": { "expireTokens": true } },
            { "match": { "method": "PUT" }, "do": { "delayMs": DELAY } },
        ]))?;
        let once = service.options_with(&json!({ "tokenOnce": true, "download": false }));
        self.begin(&self.file, &once)?;
        self.wait("the token to be missed", "return told.error ?? told.state === 'waiting'")?;
        let first = self.session.tab()?;
        self.session.new_tab()?;
        let renewed = service.options_with(&json!({ "token": service.join()? }));
        self.begin(&self.file, &renewed)?;
        let from = self.arrives()?;
        ensure!(from >= PART, "it went on from {from}");
        self.session.switch_to(&first)?;
        self.wait("the first tab to hear of it", "return told.error ?? told.key !== null")?;
        service.ensure_sent(1, 0)
    }

    fn changed(&self, service: &Service<'_>) -> Result<()> {
        self.ends_changed(service, |file| end_to_end::write_random(file, PARTS * PART - 1).map(drop))
    }

    fn deleted(&self, service: &Service<'_>) -> Result<()> {
        self.ends_changed(service, |file| Ok(fs::remove_file(file)?))
    }

    fn ends_changed(&self, service: &Service<'_>, change: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let file = self.file.with_file_name("changing.bin");
        fs::copy(&self.file, &file)?;
        self.begin(&file, &service.options())?;
        self.wait("a part", "return told.error ?? told.partsDone >= 1")?;
        change(&file)?;
        self.ended_changed(service)
    }

    fn empty_and_deleted(&self, service: &Service<'_>) -> Result<()> {
        let file = self.file.with_file_name("empty.bin");
        fs::write(&file, [])?;
        self.pick(&file)?;
        fs::remove_file(&file)?;
        self.upload(&service.options())?;
        self.ended_changed(service)
    }

    fn ended_changed(&self, service: &Service<'_>) -> Result<()> {
        let error = self.wait("the upload to end", "return told.error ?? told.digest")?;
        ensure!(error.as_str().is_some_and(|error| error.starts_with("file-changed")), "it ended in {error}");
        let completed = service.log()?.iter().any(|entry| path(entry).ends_with("/complete"));
        ensure!(!completed, "it was completed");
        Ok(())
    }

    /// Loads the page anew, picks the file and begins to upload it.
    fn begin(&self, file: &Path, options: &Value) -> Result<()> {
        self.pick(file)?;
        self.upload(options)
    }

    /// Loads the page anew and picks the file.
    fn pick(&self, file: &Path) -> Result<()> {
        self.session.go_to(&self.page)?;
        self.session.wait_for("the page", PATIENCE, "return window.ready === true", &json!([]))?;
        self.session.pick("#file", &[file])
    }

    /// Begins to upload the picked file.
    fn upload(&self, options: &Value) -> Result<()> {
        self.session.execute("window.begin(arguments[0])", json!([options])).map(drop)
    }

    /// Waits for what `script` returns of `told`.
    fn wait(&self, what: &str, script: &str) -> Result<Value> {
        self.session.wait_for(what, PATIENCE, &format!("const told = window.told; {script}"), &json!([]))
    }

    /// Waits until this tab is the one that sends, its upload not done yet.
    fn wait_for_sending(&self) -> Result<()> {
        let script = "return told.error ?? (told.key === null && told.state === 'uploading')";
        self.wait("the first tab to be sending", script).map(drop)
    }

    /// Waits until the file is stored, identical; gives what it was resumed from.
    fn arrives(&self) -> Result<usize> {
        let ended = self.wait("the upload to end", "return (told.digest || told.error) && told");
        // Where it hangs is said by what the page knows, and by who holds the lock.
        let told = ended.with_context(|| {
            let script = "const { held, pending } = await navigator.locks.query();
                const locks = (list) => list.map(({ clientId }) => clientId);
                return { told: window.told, held: locks(held), pending: locks(pending), hidden: document.hidden };";
            let known = self.session.execute(&format!("return (async () => {{ {script} }})()"), json!([]));
            format!("the page knows {}", known.unwrap_or_default())
        })?;
        let digest = told.get("digest").and_then(Value::as_str);
        ensure!(digest == Some(self.digest.as_str()), "the file did not arrive: {told}");
        let from = told.get("resumedFrom").and_then(Value::as_u64).unwrap_or_default();
        Ok(usize::try_from(from)?)
    }

    /// Closes all tabs but one, and what runs there.
    fn one_tab(&self) -> Result<()> {
        let tabs = self.session.tabs()?;
        let (last, others) = tabs.split_last().context("the browser has no tab")?;
        for tab in others {
            self.session.switch_to(tab)?;
            self.session.close_tab()?;
        }
        self.session.switch_to(last)?;
        self.session.go_to(&format!("{}/", self.origin))
    }
}

/// A session of the gateway, under a scenario of its own.
struct Service<'a> {
    gateway: &'a Gateway,
    name: String,
    session: Value,
}

impl<'a> Service<'a> {
    fn open(gateway: &'a Gateway, name: &str) -> Result<Self> {
        let session = post(&format!("{}/v1/session", gateway.origin), &json!({}))?;
        let service = Self { gateway, name: name.to_owned(), session };
        service.rules(json!([{ "match": { "method": "PUT" }, "do": { "delayMs": DELAY } }]))?;
        Ok(service)
    }

    /// Options of its bucket.
    fn options(&self) -> Value {
        json!({
            "endpoint": format!("{}/{}/v1", self.gateway.origin, self.name),
            "token": self.session.pointer("/credentials/token"),
            "sessionId": self.session.get("sessionId"),
            "partSize": PART,
            "parallel": PARALLEL,
            // Firefox lets the parts of a file that changed stand still.
            "stallTimeout": 3000,
        })
    }

    /// The same, but for these.
    fn options_with(&self, others: &Value) -> Value {
        let mut options = self.options();
        json_patch::merge(&mut options, others);
        options
    }

    /// Another token.
    fn join(&self) -> Result<Value> {
        let id = self.session.get("sessionId").cloned().unwrap_or_default();
        let joined = post(&format!("{}/v1/session/join", self.gateway.origin), &json!({ "sessionId": id }))?;
        Ok(joined.pointer("/credentials/token").cloned().unwrap_or_default())
    }

    fn rules(&self, rules: Value) -> Result<()> {
        self.gateway.set_faults(&self.name, &rules)
    }

    /// Whoever sends first has its third and fourth part on their way for so long, however long the driver takes.
    fn hold_third_and_fourth(&self, time: Duration) -> Result<()> {
        self.rules(json!([
            { "match": { "method": "PUT", "nth": [3, 4] }, "do": { "delayMs": time.as_millis() as u64 } },
            { "match": { "method": "PUT" }, "do": { "delayMs": DELAY } },
        ]))
    }

    fn log(&self) -> Result<Vec<Value>> {
        let mut told = self.gateway.faults(&self.name)?;
        let log = told.get_mut("log").map(Value::take).unwrap_or_default();
        Ok(serde_json::from_value(log)?)
    }

    /// So many uploads were started; every part was stored, and at most so many twice.
    fn ensure_sent(&self, starts: usize, twice: usize) -> Result<()> {
        let log = self.log()?;
        let method = |entry: &&Value, method: &str| entry.get("method").and_then(Value::as_str) == Some(method);
        let started = log.iter().filter(|entry| method(entry, "POST") && path(entry).ends_with("/buckets")).count();
        ensure!(started == starts, "{started} uploads were started");
        let stored = log.iter().filter(|entry| method(entry, "PUT") && entry.get("acted") == Some(&json!(200))).count();
        ensure!((PARTS..=PARTS + twice).contains(&stored), "{stored} parts were stored, of {PARTS}");
        Ok(())
    }
}

fn path(entry: &Value) -> &str {
    entry.get("path").and_then(Value::as_str).unwrap_or_default()
}

fn post(url: &str, body: &Value) -> Result<Value> {
    let mut answer = ureq::post(url).send_json(body)?;
    Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
}
