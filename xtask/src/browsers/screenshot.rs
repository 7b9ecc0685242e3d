//! The pictures of the demo in README: a few uploads, one of them under way; and names that want to deceive.
use std::{
    fs::{self, File},
    path::PathBuf,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{Browser, drivers::Driver, install, suite, webdriver::Session};
use crate::{gateway::Gateway, package, step::step, workspace::Workspace};

/// The window, in CSS pixels.
const WINDOW: (u32, u32) = (1280, 960);
/// Bytes a second the page may send: slow enough to be seen at work.
const SPEED: u32 = 30_000_000;
/// What is uploaded, and how many bytes of it.
const FILES: [(&str, u64); 3] =
    [("Bergwanderung im Karwendel.mp4", 420_000_000), ("Zürich – plan.pdf", 2_400_000), ("notes.md", 8_200)];

/// Names that look like others: a direction override, invisible characters, an ending out of sight.
const HOSTILE: [&str; 3] = [
    "invoice\u{202e}fdp.exe",
    "pay\u{200b}slip\u{7f}\u{feff}.html",
    "holiday photo.jpg                                                                                   .scr",
];

/// Saves `www/screenshot.png` and `www/hostile-names.png`, light, from Chromium.
///
/// # Errors
/// A build, the browser or the page fails.
pub fn run(workspace: &Workspace) -> Result<()> {
    package::write(workspace)?;
    let programs = install::programs(workspace, Browser::Chromium)?;
    let gateway = Gateway::start(workspace, suite::built_gateway(workspace)?, 0, &[])?;
    let folder = tempfile::TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
    let session = Session::open(Driver::start(Browser::Chromium, programs)?)?;
    step("take the picture", || {
        let (width, height) = WINDOW;
        session.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        )?;
        let light = json!([{ "name": "prefers-color-scheme", "value": "light" }]);
        session.devtools("Emulation.setEmulatedMedia", json!({ "features": light }))?;
        session.go_to(&format!("{}/", gateway.origin))?;
        let patience = Duration::from_secs(60);
        let ready = "return document.documentElement.dataset.ready === 'true'";
        session.wait_for("the page to be ready", patience, ready, &json!([]))?;

        let [large, small @ ..] = FILES;
        let small: Vec<PathBuf> =
            small.iter().map(|(name, size)| sparse(&folder, name, *size)).collect::<Result<_>>()?;
        session.pick("#file-input", &small.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        let listed = "return document.querySelectorAll('[data-entry]').length === arguments[0]";
        session.wait_for("the small files to be listed", patience, listed, &json!([small.len()]))?;

        session.devtools("Network.enable", json!({}))?;
        let slow = json!({ "offline": false, "latency": 5, "downloadThroughput": -1, "uploadThroughput": SPEED });
        session.devtools("Network.emulateNetworkConditions", slow)?;
        session.pick("#file-input", &[&sparse(&folder, large.0, large.1)?])?;
        let half = "return Array.from(document.querySelectorAll('[data-upload] progress')).some((bar) => bar.position > 0.4 && bar.position < 1)";
        session.wait_for("the large upload to be half way", patience, half, &json!([]))?;
        let file = workspace.path("www/screenshot.png");
        fs::write(&file, session.screenshot()?).with_context(|| format!("cannot write {}", file.display()))?;
        println!("saved www/screenshot.png");

        // A page of its own: a new session.
        session.go_to("about:blank")?;
        session.go_to(&format!("{}/", gateway.origin))?;
        session.wait_for("the page to be ready", patience, ready, &json!([]))?;
        let files: Vec<PathBuf> = HOSTILE.iter().map(|name| sparse(&folder, name, 8_200)).collect::<Result<_>>()?;
        session.pick("#file-input", &files.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        let stored = "return document.querySelectorAll('[data-entry] [data-action=download]').length === arguments[0]";
        session.wait_for("the hostile names to be listed", patience, stored, &json!([HOSTILE.len()]))?;
        // New entries are highlighted for a moment.
        thread::sleep(Duration::from_secs(4));
        let place = session.execute(
            "const { x, y, width } = document.querySelector('#bucket').getBoundingClientRect();
            const { bottom } = document.querySelector('#bucket .bucket-list').getBoundingClientRect();
            return { x: x + scrollX, y: y + scrollY, width, height: bottom - y + 16, scale: 1 }",
            json!([]),
        )?;
        let shot = session.devtools("Page.captureScreenshot", json!({ "format": "png", "clip": place }))?;
        let shot = shot.get("data").and_then(serde_json::Value::as_str).context("the browser gave no picture")?;
        let file = workspace.path("www/hostile-names.png");
        fs::write(&file, BASE64_STANDARD.decode(shot)?).with_context(|| format!("cannot write {}", file.display()))?;
        println!("saved www/hostile-names.png");
        Ok(())
    })
}

/// A file of that size that takes no room on the disk.
fn sparse(folder: &tempfile::TempDir, name: &str, size: u64) -> Result<PathBuf> {
    let path = folder.path().join(name);
    File::create(&path)?.set_len(size)?;
    Ok(path)
}
