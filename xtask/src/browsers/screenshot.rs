//! The pictures of the demo in README and docs/: a few uploads, one of them under way, light, dark, right to left and
//! narrow; and names that want to deceive.
use std::{
    fs::{self, File},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{Browser, drivers::Driver, install, suite, webdriver::Session};
use crate::{gateway::Gateway, package, step::step, workspace::Workspace};

/// A picture: where it is saved, and how the page looks in it.
struct Picture {
    file: &'static str,
    scheme: &'static str,
    /// Of the elements.
    language: &'static str,
    /// The window, in CSS pixels.
    width: u32,
    height: u32,
    /// What is at the top of it.
    top: &'static str,
}

const WIDE: Picture =
    Picture { file: "www/screenshot.png", scheme: "light", language: "", width: 1280, height: 880, top: "body" };
const PICTURES: [Picture; 4] = [
    WIDE,
    Picture { file: "docs/screenshots/dark.png", scheme: "dark", ..WIDE },
    Picture { file: "docs/screenshots/rtl.png", language: "ar", ..WIDE },
    Picture { file: "docs/screenshots/narrow.png", width: 360, height: 900, top: ".window", ..WIDE },
];
/// The window of the picture of names, which shows one list only.
const NAMES: Picture = Picture { file: "www/hostile-names.png", ..WIDE };
/// How long the page may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes a second the page may send: slow enough to be seen at work.
const SPEED: i32 = 30_000_000;
/// What is uploaded, and how many bytes of it.
const FILES: [(&str, u64); 3] =
    [("Bergwanderung im Karwendel.mp4", 420_000_000), ("Zürich – plan.pdf", 2_400_000), ("notes.md", 8_200)];

/// Names that look like others: a direction override, invisible characters, an ending out of sight.
const HOSTILE: [&str; 3] = [
    "invoice\u{202e}fdp.exe",
    "pay\u{200b}slip\u{7f}\u{feff}.html",
    "holiday photo.jpg                                                                                   .scr",
];

/// Saves the pictures, from Chromium.
///
/// # Errors
/// A build, the browser or the page fails.
pub fn run(workspace: &Workspace) -> Result<()> {
    package::write(workspace)?;
    let programs = install::programs(workspace, Browser::Chromium)?;
    let gateway = Gateway::start(workspace, suite::built_gateway(workspace)?, 0, &[])?;
    let folder = tempfile::TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
    let session = Session::open(Driver::start(Browser::Chromium, programs)?)?;
    session.devtools("Network.enable", json!({}))?;
    step("take the pictures", || {
        for picture in &PICTURES {
            open(&session, &gateway, picture)?;
            upload(&session, &folder)?;
            let top = "document.querySelector(arguments[0]).scrollIntoView()";
            session.execute(top, json!([picture.top]))?;
            save(workspace, picture, &session.screenshot()?)?;
        }
        open(&session, &gateway, &NAMES)?;
        save(workspace, &NAMES, &hostile_names(&session, &folder)?)
    })
}

/// A page of its own, in a new session, that looks as the picture says.
fn open(session: &Session, gateway: &Gateway, picture: &Picture) -> Result<()> {
    let Picture { scheme, language, width, height, .. } = picture;
    session.devtools(
        "Emulation.setDeviceMetricsOverride",
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true }),
    )?;
    let scheme = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
    session.devtools("Emulation.setEmulatedMedia", json!({ "features": scheme }))?;
    speed(session, -1)?;
    session.go_to("about:blank")?;
    session.go_to(&format!("{}/", gateway.origin))?;
    let ready = "return document.documentElement.dataset.ready === 'true'";
    session.wait_for("the page to be ready", PATIENCE, ready, &json!([]))?;
    let speak = "
        const field = document.querySelector('#theme-lang');
        field.value = arguments[0];
        field.dispatchEvent(new Event('input', { bubbles: true }));";
    session.execute(speak, json!([language])).map(drop)
}

/// Uploads the small files, and the large one up to its middle.
fn upload(session: &Session, folder: &tempfile::TempDir) -> Result<()> {
    let [large, small @ ..] = FILES;
    let small: Vec<PathBuf> = small.iter().map(|(name, size)| sparse(folder, name, *size)).collect::<Result<_>>()?;
    pick(session, &small)?;
    speed(session, SPEED)?;
    pick(session, &[sparse(folder, large.0, large.1)?])?;
    let half =
        "return document.querySelector('#uploader').files.some(({ sent, size }) => sent > 0.4 * size && sent < size)";
    session.wait_for("the large upload to be half way", PATIENCE, half, &json!([])).map(drop)
}

/// Uploads files with names that want to deceive, and gives a picture of how they are listed.
fn hostile_names(session: &Session, folder: &tempfile::TempDir) -> Result<Vec<u8>> {
    pick(session, &HOSTILE.iter().map(|name| sparse(folder, name, 8_200)).collect::<Result<Vec<_>>>()?)?;
    let place = session.execute(
        "const { x, y, width } = document.querySelector('#bucket').getBoundingClientRect();
        const { bottom } = document.querySelector('#bucket').shadowRoot.querySelector('[part=list]').getBoundingClientRect();
        return { x: x + scrollX, y: y + scrollY, width, height: bottom - y + 8, scale: 1 }",
        json!([]),
    )?;
    let shot = session.devtools("Page.captureScreenshot", json!({ "format": "png", "clip": place }))?;
    let shot = shot.get("data").and_then(serde_json::Value::as_str).context("the browser gave no picture")?;
    Ok(BASE64_STANDARD.decode(shot)?)
}

/// Picks files and, unless one is large, waits until the bucket lists them.
fn pick(session: &Session, files: &[PathBuf]) -> Result<()> {
    session.pick("#uploader >>> input[type=file]", &files.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    if files.len() == 1 {
        return Ok(());
    }
    let listed = "
        const rows = document.querySelector('#bucket').shadowRoot.querySelectorAll('[data-action=download]');
        return rows.length === arguments[0]";
    session.wait_for("the files to be listed", PATIENCE, listed, &json!([files.len()])).map(drop)
}

/// Bytes a second the page may send; -1 for all it can.
fn speed(session: &Session, upload: i32) -> Result<()> {
    let speed = json!({ "offline": false, "latency": 5, "downloadThroughput": -1, "uploadThroughput": upload });
    session.devtools("Network.emulateNetworkConditions", speed).map(drop)
}

fn save(workspace: &Workspace, picture: &Picture, png: &[u8]) -> Result<()> {
    let file = workspace.path(picture.file);
    fs::create_dir_all(file.parent().context("a picture has no folder")?)?;
    fs::write(&file, png).with_context(|| format!("cannot write {}", file.display()))?;
    println!("saved {}: {} kB", picture.file, png.len() / 1000);
    Ok(())
}

/// A file of that size that takes no room on the disk.
fn sparse(folder: &tempfile::TempDir, name: &str, size: u64) -> Result<PathBuf> {
    let path = folder.path().join(name);
    File::create(&path)?.set_len(size)?;
    Ok(path)
}
