//! A person at a consumer's page: picks a file, and finds it in the bucket.
use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{browsers::webdriver::Session, gateway::Gateway};

/// Longest until the page can be used: a dev server may compile first.
const READY: Duration = Duration::from_secs(60);
/// Longest until the file is listed.
const LISTED: Duration = Duration::from_secs(60);

/// The page's own file input, once something listens to it. An element that has no `getSession` is not hydrated yet.
const INPUT: &str = "
    const uploader = document.querySelector('partway-uploader');
    if (!uploader) return document.querySelector('input[type=file]');
    return uploader.getSession && uploader.shadowRoot?.querySelector('input[type=file]:not([webkitdirectory])');";

/// Whether the file is listed, by name and size: in `<li>`s of the page's own, and in each bucket element. And whether
/// a page that counts sessions counts one.
const IS_LISTED: &str = "
    const [name, size] = arguments;
    if (/Sessions opened: (?!1$)/m.test(document.body.innerText)) return false;
    const own = Array.from(document.querySelectorAll('li'), (item) => item.textContent.trim());
    if (!own.includes(`${name}: ${size} bytes`)) return false;
    return Array.from(document.querySelectorAll('partway-bucket')).every((bucket) =>
        bucket.entries.some((entry) => entry.completed && entry.name === name && entry.size === size));";

/// A file to upload.
#[derive(Clone, Copy, Debug)]
pub struct Picked<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its name.
    pub name: &'a str,
    /// Its bytes.
    pub size: usize,
}

/// What the gateway sees of one visit.
pub struct Visit<'a> {
    gateway: &'a Gateway,
    scenario: String,
}

impl<'a> Visit<'a> {
    /// A visit of a name that no other has.
    #[must_use]
    pub fn new(gateway: &'a Gateway, name: &str) -> Self {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        Self { gateway, scenario: format!("consumer-{}", letters.collect::<String>()) }
    }

    /// Where the page finds the Upload API: another origin than its own.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}/{}/v1", self.gateway.origin, self.scenario)
    }

    /// From now on the gateway remembers what arrives.
    ///
    /// # Errors
    /// The gateway refuses.
    pub fn watch(&self) -> Result<()> {
        self.gateway.set_faults(&self.scenario, &json!([])).context("the gateway does not watch")
    }

    /// Opens the page, uploads the file, and waits until it is listed.
    ///
    /// # Errors
    /// The page does not come so far; the sentence ends with what it shows and its console.
    pub fn pay(&self, session: &Session, origin: &str, picked: &Picked<'_>) -> Result<()> {
        self.watch()?;
        let told = (|| {
            session.go_to(&format!("{origin}/?endpoint={}", self.endpoint()))?;
            let input = session.wait_for("the page to be ready", READY, INPUT, &json!([]))?;
            let input = Session::reference(&input).context("the page has no file input")?;
            let path = picked.path.to_str().context("the path of a file to upload is no UTF-8")?;
            session.post(&format!("/element/{input}/value"), &json!({ "text": path }))?;
            let arguments = json!([picked.name, picked.size]);
            session.wait_for("the file to be listed", LISTED, IS_LISTED, &arguments)
        })();
        told.with_context(|| {
            let shown = session.execute("return document.documentElement.innerText", json!([])).unwrap_or_default();
            let console = session.console().unwrap_or_default().join("\n");
            format!("the page shows:\n{}\nits console:\n{console}", shown.as_str().unwrap_or_default())
        })?;
        self.ensure_stored(picked.size)
    }

    /// The gateway's own word: one session was opened, and all bytes came in one file, which was completed.
    ///
    /// # Errors
    /// It saw something else.
    pub fn ensure_stored(&self, size: usize) -> Result<()> {
        let told = self.gateway.faults(&self.scenario)?;
        let log = told.get("log").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is = |entry: &&Value, method: &str, end: &str| {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
            text("method") == method && text("path").ends_with(end) && entry.get("acted") == Some(&json!(200))
        };
        let times = |method: &str, end: &str| log.iter().filter(|entry| is(entry, method, end)).count();
        ensure!(times("POST", "/session") == 1, "{} sessions were opened", times("POST", "/session"));
        ensure!(times("POST", "/complete") == 1, "{} files were completed", times("POST", "/complete"));
        let bytes =
            log.iter().filter(|entry| is(entry, "PUT", "")).filter_map(|entry| entry.get("bodyBytes")?.as_u64());
        let sent: u64 = bytes.sum();
        ensure!(sent == size as u64, "{sent} bytes were stored");
        Ok(())
    }
}
