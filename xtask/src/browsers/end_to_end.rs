//! The demo page, used as a person would: pick a 40 MB file, see it listed, download it, delete it.
use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Browser, drivers::Driver, install::Programs, webdriver::Session};
use crate::{gateway::Gateway, tally::Tally};

/// Bytes of the file: several parts, the last one shorter.
const SIZE: usize = 40_000_000;
/// A name that no URL, log or message may hold. Not only ASCII, so that encoded forms would differ.
const NAME: &str = "canary zażółć 40.bin";
/// How long the upload and the download may take.
const TRANSFER: Duration = Duration::from_secs(120);
/// How long the page may take for anything else.
const PAGE: Duration = Duration::from_secs(30);

/// From now on remembers the token that requests carry, every console line, and what the CSP refused. Runs in the page.
const WATCH: &str = r#"
    const seen = window.partwaySeen = { tokens: [], console: [], refused: [] };
    addEventListener("securitypolicyviolation", ({ effectiveDirective }) => seen.refused.push(effectiveDirective));
    const keep = (value) => {
        const token = /^Bearer (.+)$/.exec(value ?? "")?.[1];
        if (token && !seen.tokens.includes(token)) seen.tokens.push(token);
    };
    const ownFetch = window.fetch;
    // Firefox runs this beside the page, where `this` would be no Window.
    window.fetch = (input, init) => {
        const headers = init?.headers ? new Headers(init.headers) : input.headers;
        keep(headers?.get("authorization"));
        return init === undefined ? ownFetch.call(window, input) : ownFetch.call(window, input, init);
    };
    const ownHeader = XMLHttpRequest.prototype.setRequestHeader;
    XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
        if (name.toLowerCase() === "authorization") keep(value);
        return ownHeader.apply(this, arguments);
    };
    for (const level of ["log", "info", "warn", "error", "debug"]) {
        const own = console[level];
        console[level] = function (...said) {
            seen.console.push(said.map(String).join(" "));
            return own.apply(this, said);
        };
    }
"#;

/// Runs the page in one browser.
///
/// # Errors
/// What a person would miss: the file is not listed, differs, has another name, or stays after its deletion. Or a
/// secret was seen where it must not be.
pub fn run(browser: Browser, programs: Programs, gateway: &Gateway, tally: &mut Tally) -> Result<()> {
    let session = Session::open(Driver::start(browser, programs)?)?;
    let folder = tempfile::TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
    let file = folder.path().join(NAME);
    let digest = write_random(&file, SIZE)?;

    let mut page = Page { session: &session, tally };
    page.check("the page opens a bucket", |session| {
        session.go_to(&format!("{}/#faults={}", gateway.origin, gateway.word))?;
        let ready = "return document.documentElement.dataset.ready === 'true'";
        session.wait_for("the page to be ready", PAGE, ready, &json!([]))?;
        session.execute(WATCH, json!([])).map(drop)
    })?;
    page.check("who was given the word can break the gateway, and the word leaves the address", |session| {
        let shown =
            "return location.hash.includes('faults') ? null : !document.querySelector('#faults').hidden || null";
        session.wait_for("the panel", PAGE, shown, &json!([]))?;
        // No fault, since others use this gateway: what counts is that it takes the word.
        let script = "return import('/demo/fault-layer.js').then(({ setFaults }) => setFaults([])).then(() => true)";
        ensure!(session.execute(script, json!([]))? == json!(true), "the gateway takes no fault of the page");
        Ok(())
    })?;
    page.check("a 40 MB file is uploaded", |session| {
        session.pick("#uploader >>> input[type=file]", &[&file])?;
        wait_for_upload(session)
    })?;
    page.check("it is listed under its name", |session| {
        let listed = "
            const rows = document.querySelector('#bucket').shadowRoot.querySelectorAll('[part=item]');
            return rows.length > 0 && Array.from(rows, (row) => row.querySelector('[part=name]').textContent)";
        let names = session.wait_for("the file to be listed", PAGE, listed, &json!([]))?;
        ensure!(names == json!([NAME]), "the list shows {names}");
        Ok(())
    })?;
    page.check("it is downloaded, identical and under its name", |session| {
        session.click("#bucket >>> [data-action=download]")?;
        let saved = wait_for_download(&session.driver.downloads)?;
        let name = saved.file_name().unwrap_or_default().to_string_lossy();
        ensure!(name == NAME, "it was saved as {name}");
        ensure!(digest_of(&saved)? == digest, "the saved file is another one");
        Ok(())
    })?;
    page.check("it is deleted and gone", |session| {
        session.click("#bucket >>> [data-action=delete]")?;
        let asked =
            "return document.querySelector('#bucket').shadowRoot.querySelector('[data-action=confirm]') !== null";
        session.wait_for("the question whether to delete it", PAGE, asked, &json!([]))?;
        session.click("#bucket >>> [data-action=confirm]")?;
        let gone = "return document.querySelector('#bucket').shadowRoot.querySelector('[part=item]') === null";
        session.wait_for("the file to be gone", PAGE, gone, &json!([])).map(drop)
    })?;
    page.check("the form tells which scheme a name is of", |session| {
        session.click("#scheme summary")?;
        // A published vector of tests/vectors/schemes.json.
        let listed = "U2FsdGVkX18BAgMEBQYHCPIV58uT/w6rvOSskUmlCPk=";
        for (known, scheme) in [("report.pdf", "cryptojs"), ("report.txt", "none")] {
            let values = json!({ "session": "0f8fad5b-d9cb-469f-a165-70867728950e", "known": known, "listed": listed });
            let fill = "
                const form = document.querySelector('#scheme-form');
                for (const [name, value] of Object.entries(arguments[0])) form.elements.namedItem(name).value = value;
                form.dispatchEvent(new Event('input'));";
            session.execute(fill, json!([values]))?;
            session.click("#scheme-form button")?;
            let told = "return document.querySelector('#scheme-form output').dataset.scheme || null";
            let told = session.wait_for("the answer", PAGE, told, &json!([]))?;
            ensure!(told == scheme, "for {known} it says {told}");
        }
        Ok(())
    })?;
    page.check("the theme editor applies the CSS that it prints", |session| {
        session.click("#theme summary")?;
        session.click("[data-preset=Plum]")?;
        let plum = "const browse = document.querySelector('#uploader').shadowRoot.querySelector('[part=browse]');
            return getComputedStyle(browse).backgroundColor === 'rgb(122, 47, 143)'";
        session.wait_for("the button to be plum", PAGE, plum, &json!([]))?;
        let printed = session.execute("return document.querySelector('#theme-css').textContent", json!([]))?;
        let accent = "--partway-accent: light-dark(#7a2f8f, #dba4ee);";
        ensure!(printed.as_str().is_some_and(|css| css.contains(accent)), "it prints {printed}");
        Ok(())
    })?;
    page.check("arrow keys go from tab to tab of the code", |session| {
        session.execute("document.querySelector('#tab-html').focus()", json!([]))?;
        let right = |kind: &str| json!({ "type": kind, "value": "\u{e014}" });
        let keys = json!([{ "type": "key", "id": "keys", "actions": [right("keyDown"), right("keyUp")] }]);
        session.post("/actions", &json!({ "actions": keys }))?;
        let shown = "const shown = [...document.querySelectorAll('[role=tabpanel]')].filter((panel) => !panel.hidden);
            return document.activeElement.id === 'tab-js' && shown.length === 1 && shown[0].id === 'sample-js'";
        session.wait_for("the second tab", PAGE, shown, &json!([])).map(drop)
    })?;
    page.check("the policy refused nothing", |session| {
        let refused = session.execute("return window.partwaySeen.refused", json!([]))?;
        ensure!(refused == json!([]), "it refused {refused}");
        Ok(())
    })?;
    page.check("no token, session ID or file name in a URL, a console line or the gateway's log", |session| {
        find_no_secret(session, gateway)
    })?;
    page.check("a link to another session is asked about in an open page", ask_before_moving)?;
    page.check("a join link opens its session, whose ID is in no address then", |session| {
        open_join_link(session, gateway)
    })
}

/// Shows the join link, and gives it.
const JOIN_LINK: &str = "
    if (document.querySelector('#share-panel').hidden) document.querySelector('#share-button').click();
    return document.querySelector('#join-link').value || null";

/// The fragment of an open page is changed, as whoever opened it can: it stays where it is until the person goes.
fn ask_before_moving(session: &Session) -> Result<()> {
    let before = session.execute(JOIN_LINK, json!([]))?;
    let open = "window.other ??= (fetch('/v1/session', {
            method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}',
        }).then((answer) => answer.json()).then(({ sessionId }) => (window.otherId = sessionId)), true);
        return window.otherId ?? null";
    let other = session.wait_for("another session", PAGE, open, &json!([]))?;
    let is_there = "document.querySelector('#join-link').value.includes(new URLSearchParams({ i: arguments[0] }).toString().slice(2))";
    for button in ["#notice-button", "#notice-other"] {
        session.execute("location.hash = new URLSearchParams({ session: arguments[0] })", json!([other]))?;
        let asked = "return !document.querySelector('#notice-other').checkVisibility() ? null : location.href";
        let address = session.wait_for("the question", PAGE, asked, &json!([]))?;
        ensure!(address.as_str().is_some_and(|address| !address.contains("session")), "the ID is in the address");
        ensure!(session.execute(JOIN_LINK, json!([]))? == before, "it moved unasked");
        session.click(button)?;
        let gone = "return document.querySelector('#notice').hidden";
        session.wait_for("the question to go", PAGE, gone, &json!([]))?;
        // The panel shows the link it was opened with.
        session.execute("document.querySelector('#share-button').click()", json!([]))?;
        session.execute(JOIN_LINK, json!([]))?;
        let moved = session.execute(&format!("return {is_there}"), json!([other]))?;
        ensure!(moved == json!(button == "#notice-other"), "after a click on {button} it is in the wrong session");
    }
    Ok(())
}

fn open_join_link(session: &Session, gateway: &Gateway) -> Result<()> {
    let link = session.execute(JOIN_LINK, json!([]))?;
    let link = link.as_str().context("the page shows no join link")?;
    let (_, id) = link.split_once("session=").context("the join link names no session")?;
    // Else only the fragment would change.
    session.go_to(&format!("{}/demo.css", gateway.origin))?;
    session.go_to(link)?;
    let ready = "return document.documentElement.dataset.ready === 'true' &&
        document.querySelector('#session-state').textContent.startsWith('Joined')";
    session.wait_for("the joined session", PAGE, ready, &json!([]))?;
    let shown = session.execute(JOIN_LINK, json!([]))?;
    ensure!(shown == link, "it is in another session");
    let addresses = "return [location.href, ...performance.getEntries().map((entry) => entry.name)].join(' ')";
    let addresses = session.execute(addresses, json!([]))?;
    ensure!(addresses.as_str().is_some_and(|text| !text.contains(id)), "the session ID is in an address of the page");
    Ok(())
}

struct Page<'a> {
    session: &'a Session,
    tally: &'a mut Tally,
}

impl Page<'_> {
    /// Does one thing, prints a line and counts it.
    fn check(&mut self, name: &str, act: impl FnOnce(&Session) -> Result<()>) -> Result<()> {
        let start = Instant::now();
        let result = act(self.session);
        self.tally.count(result.is_ok());
        let outcome = if result.is_ok() { "ok" } else { "FAILED" };
        println!("{}: {name} ... {outcome} ({} ms)", self.session.browser(), start.elapsed().as_millis());
        result.with_context(|| name.to_owned())
    }
}

fn wait_for_upload(session: &Session) -> Result<()> {
    let script = "
        const row = document.querySelector('#uploader').shadowRoot.querySelector('[part=item]');
        const state = row?.dataset.state;
        return ['done', 'failed', 'rejected'].includes(state) && [state, row.innerText]";
    let state = session.wait_for("the upload to end", TRANSFER, script, &json!([]))?;
    let told = state.get(1).and_then(Value::as_str).unwrap_or_default();
    ensure!(state.get(0).and_then(Value::as_str) == Some("done"), "the upload did not end well: {told}");
    Ok(())
}

/// The one file that is in the folder, once it is complete.
fn wait_for_download(folder: &Path) -> Result<PathBuf> {
    let start = Instant::now();
    while start.elapsed() < TRANSFER {
        let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
        // Browsers write to a second file, or to one of another name, until they have all of it; Chromium's is hidden.
        let unfinished = |file: &Path| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with('.') || [".crdownload", ".part", ".wkdownload"].iter().any(|ending| name.ends_with(ending))
        };
        if let [file] = files.as_slice()
            && fs::metadata(file).is_ok_and(|metadata| metadata.len() == SIZE as u64)
            && !unfinished(file)
        {
            return Ok(file.clone());
        }
        thread::sleep(Duration::from_millis(100));
    }
    let names: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.file_name()).collect();
    bail!("waited {} s in vain for the download; its folder holds {names:?}", TRANSFER.as_secs())
}

fn find_no_secret(session: &Session, gateway: &Gateway) -> Result<()> {
    session.click("#share-button")?;
    let answer = session.execute(
        "return {
            link: document.querySelector('#join-link').value,
            tokens: window.partwaySeen.tokens,
            urls: [location.href, ...performance.getEntries().map((entry) => entry.name)],
            console: window.partwaySeen.console,
        }",
        json!([]),
    )?;
    let texts = |key: &str| -> Vec<String> {
        let list = answer.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let link = answer.get("link").and_then(Value::as_str).unwrap_or_default();
    let (_, id) = link.split_once("session=").context("the page shows no join link")?;
    let tokens = texts("tokens");
    ensure!(!tokens.is_empty(), "no request with a token was seen: the check would find nothing");
    let stem = NAME.trim_end_matches(".bin");
    let secrets = [id, stem, "za%C5%BC", "canary"].map(str::to_owned).into_iter().chain(tokens);

    let urls = texts("urls");
    ensure!(urls.iter().any(|url| url.contains("/v1/buckets")), "no request was seen: the check would find nothing");
    let places = [
        ("a URL", urls),
        ("the console", [texts("console"), session.console()?].concat()),
        ("the gateway's log", gateway.said().lines().map(str::to_owned).collect()),
    ];
    for secret in secrets {
        for (place, lines) in &places {
            // The secret itself is not printed: this message ends up in logs, too.
            let kind = if NAME.contains(&secret) || secret.contains('%') { "file name" } else { "token or session ID" };
            ensure!(!lines.iter().any(|line| line.contains(&secret)), "the {kind} is in {place}");
        }
    }
    Ok(())
}

/// Writes so many random bytes; gives their SHA-256.
///
/// # Errors
/// They cannot be had, or not be written.
pub fn write_random(file: &Path, size: usize) -> Result<Vec<u8>> {
    let mut random = io::Read::take(File::open("/dev/urandom").context("no /dev/urandom")?, size as u64);
    let mut bytes = Vec::with_capacity(size);
    io::Read::read_to_end(&mut random, &mut bytes)?;
    File::create(file)?.write_all(&bytes)?;
    Ok(Sha256::digest(&bytes).to_vec())
}

fn digest_of(file: &Path) -> Result<Vec<u8>> {
    Ok(Sha256::digest(fs::read(file)?).to_vec())
}
