//! A browser's WebDriver program, running, and how it starts the browser.
use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Browser, display::Display, install::Programs};
use crate::process::Group;

/// How long a driver may take to listen.
const START: Duration = Duration::from_secs(30);

/// A running driver with an empty home folder of its own; stopped, and the folder removed, when dropped.
pub struct Driver {
    /// Which browser it drives.
    pub browser: Browser,
    /// Where it listens, such as `http://127.0.0.1:40001`.
    pub origin: String,
    /// Where the browser saves downloads.
    pub downloads: PathBuf,
    /// Where the browser keeps what outlives it, if that is to stay.
    profile: Option<PathBuf>,
    programs: Programs,
    // Dropped in this order: the driver's group, then its screen, then its files.
    group: Group,
    _display: Option<Display>,
    home: TempDir,
}

impl Driver {
    /// Starts the driver on a free loopback port and waits until it listens.
    ///
    /// # Errors
    /// It, or the screen it needs, does not start.
    pub fn start(browser: Browser, programs: Programs) -> Result<Self> {
        Self::start_on(browser, programs, None)
    }

    /// The same, for a browser on a profile that stays. Chromium and Firefox: an automated WebKitGTK keeps nothing.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_on_profile(browser: Browser, programs: Programs, profile: &Path) -> Result<Self> {
        Self::start_on(browser, programs, Some(profile.to_owned()))
    }

    fn start_on(browser: Browser, programs: Programs, profile: Option<PathBuf>) -> Result<Self> {
        let home = TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
        let downloads = home.path().join("Downloads");
        fs::create_dir_all(&downloads)?;
        tell_downloads_folder(home.path())?;
        if let Some(profile) = &profile {
            fs::create_dir_all(profile)?;
        }
        let display = if browser == Browser::Webkit { Some(Display::start()?) } else { None };

        let port = free_port()?;
        let log = File::create(home.path().join("driver.log"))?;
        let mut command = Command::new(&programs.driver);
        command.arg(format!("--port={port}")).stdout(log.try_clone()?).stderr(log);
        for variable in ["HOME", "TMPDIR"] {
            command.env(variable, home.path());
        }
        for variable in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(variable);
        }
        if let Some(display) = &display {
            command.env("DISPLAY", &display.name).env("NO_AT_BRIDGE", "1");
        }
        let group = Group::spawn(command)?;
        let mut driver = Self {
            browser,
            origin: format!("http://127.0.0.1:{port}"),
            downloads,
            programs,
            group,
            _display: display,
            profile,
            home,
        };
        driver.wait_until_listening(port)?;
        Ok(driver)
    }

    fn wait_until_listening(&mut self, port: u16) -> Result<()> {
        let start = Instant::now();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if self.group.ended()?.is_some() || start.elapsed() > START {
                bail!("the driver of {} did not start; it said: {}", self.browser, self.said());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The driver's own process, of which the browser's are descendants.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.group.id()
    }

    /// The end of what the driver printed.
    #[must_use]
    pub fn said(&self) -> String {
        let text = fs::read(self.home.path().join("driver.log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n")
    }

    /// The capabilities that start the browser, with a new profile, and downloads without a question.
    #[must_use]
    pub fn capabilities(&self) -> Value {
        let mut capabilities = capabilities(self.browser, &self.programs);
        let own = match self.browser {
            Browser::Chromium => json!({
                "goog:chromeOptions": { "prefs": {
                    "download.default_directory": self.downloads,
                    "download.prompt_for_download": false,
                } },
                "goog:loggingPrefs": { "browser": "ALL" },
            }),
            Browser::Firefox => json!({ "moz:firefoxOptions": { "prefs": {
                "browser.download.folderList": 2,
                "browser.download.dir": self.downloads,
                "browser.download.useDownloadDir": true,
                "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
            } } }),
            Browser::Webkit => json!({}),
        };
        json_patch::merge(&mut capabilities, &own);
        // Without one Chromium would take the user's.
        let profile = self.profile.clone().unwrap_or_else(|| self.home.path().join("profile"));
        if let Some(Value::Array(arguments)) = capabilities.pointer_mut("/goog:chromeOptions/args") {
            arguments.push(format!("--user-data-dir={}", profile.display()).into());
        }
        if let Some(Value::Array(arguments)) = capabilities.pointer_mut("/moz:firefoxOptions/args")
            && self.profile.is_some()
        {
            arguments.extend(["-profile".into(), profile.display().to_string().into()]);
        }
        capabilities
    }
}

/// The capabilities that start a browser without a window, without a sandbox (there is none for root), and silent
/// towards its maker: what `webdriver.json` is for the wasm test runner.
#[must_use]
pub fn capabilities(browser: Browser, programs: &Programs) -> Value {
    match browser {
        Browser::Chromium => json!({ "goog:chromeOptions": {
            "binary": programs.browser,
            "args": [
                "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        } }),
        Browser::Firefox => json!({ "moz:firefoxOptions": { "binary": programs.browser, "args": ["-headless"] } }),
        Browser::Webkit => {
            json!({ "webkitgtk:browserOptions": { "binary": programs.browser, "args": ["--automation"] } })
        }
    }
}

/// MiniBrowser saves downloads where the desktop's settings say.
fn tell_downloads_folder(home: &Path) -> Result<()> {
    fs::create_dir_all(home.join(".config"))?;
    fs::write(home.join(".config/user-dirs.dirs"), "XDG_DOWNLOAD_DIR=\"$HOME/Downloads\"\n")?;
    Ok(())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
    Ok(listener.local_addr()?.port())
}
