//! Browsers and drivers: found, or installed where they lack.
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::Browser;
use crate::{
    process::Group,
    program::{self, in_path},
    step::step,
    workspace::Workspace,
};

/// Debian has no geckodriver; this version is compiled from crates.io.
const GECKODRIVER: &str = "0.37.1";

/// The programs of one browser.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The browser itself.
    pub browser: PathBuf,
    /// Its WebDriver program.
    pub driver: PathBuf,
}

/// The programs of a browser; installs what is missing.
///
/// # Errors
/// Something is missing and cannot be installed; the sentence says which command does it.
pub fn programs(workspace: &Workspace, browser: Browser) -> Result<Programs> {
    if browser == Browser::Firefox {
        program::compiled(workspace, "geckodriver", GECKODRIVER)?;
    }
    if find(workspace, browser).is_none() {
        apt(packages(browser))?;
    }
    find(workspace, browser)
        .with_context(|| format!("the programs of {browser} are still missing after apt-get installed them"))
}

fn find(workspace: &Workspace, browser: Browser) -> Option<Programs> {
    Some(match browser {
        Browser::Chromium => {
            Programs { browser: in_path(&["chromium", "chromium-browser"])?, driver: in_path(&["chromedriver"])? }
        }
        Browser::Firefox => Programs {
            browser: in_path(&["firefox-esr", "firefox"])?,
            driver: program::found(workspace, "geckodriver")?,
        },
        Browser::Webkit => {
            in_path(&["Xvfb"])?;
            Programs { browser: mini_browser()?, driver: in_path(&["WebKitWebDriver"])? }
        }
    })
}

fn packages(browser: Browser) -> &'static [&'static str] {
    match browser {
        Browser::Chromium => &["chromium", "chromium-driver"],
        Browser::Firefox => &["firefox-esr"],
        Browser::Webkit => &["webkit2gtk-driver", "xvfb", "xauth", "dbus-x11"],
    }
}

/// The first of these programs that is in PATH.
/// WebKitGTK keeps its MiniBrowser beside its libraries, in a folder named after the architecture.
fn mini_browser() -> Option<PathBuf> {
    let libraries = std::fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    libraries
        .chain([PathBuf::from("/usr/lib"), PathBuf::from("/usr/libexec")])
        .map(|folder| folder.join("webkit2gtk-4.1/MiniBrowser"))
        .find(|file| file.is_file())
}

/// Installs packages of Debian.
///
/// # Errors
/// Nobody here may, or it fails; the sentence names them.
pub fn apt(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let sudo = match privilege() {
        Privilege::Root => false,
        Privilege::Sudo => true,
        Privilege::None => bail!(
            "missing: {list}. Install them, then run this again: \
             sudo apt-get update && sudo apt-get install --yes --no-install-recommends {list}"
        ),
    };
    step(&format!("install {list}"), || {
        let run = |arguments: &[&str]| {
            let mut command = if sudo {
                let mut command = Command::new("sudo");
                command.args(["--non-interactive", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
                command
            } else {
                let mut command = Command::new("apt-get");
                command.env("DEBIAN_FRONTEND", "noninteractive");
                command
            };
            command.args(arguments);
            Group::run(command)
        };
        run(&["update", "--quiet=2"])?;
        let install = ["install", "--yes", "--quiet=2", "--no-install-recommends", "-o=Dpkg::Use-Pty=0"];
        run(&[&install, packages].concat())
    })
}

enum Privilege {
    Root,
    Sudo,
    None,
}

fn privilege() -> Privilege {
    let asks = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output()
    };
    if !Path::new("/usr/bin/apt-get").is_file() {
        return Privilege::None;
    }
    if asks("id", &["-u"]).is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        return Privilege::Root;
    }
    if asks("sudo", &["--non-interactive", "true"]).is_ok_and(|output| output.status.success()) {
        return Privilege::Sudo;
    }
    Privilege::None
}
