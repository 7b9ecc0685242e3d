//! What the project takes from others: licences, sources, versions that come twice, and known advisories.
use std::{
    env,
    fs::File,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Result;

use crate::{process::Group, program, workspace::Workspace};

/// The version of cargo-deny that is compiled where there is none.
const CARGO_DENY: &str = "0.20.2";

/// How long the database of advisories may take to come: on many machines it never does.
const FETCHED_WITHIN: Duration = Duration::from_secs(30);

/// Licences, sources and duplicates, by `deny.toml`. Advisories too, where their database can be had; what they say is
/// printed and fails nothing, as it says nothing of the change at hand.
///
/// # Errors
/// `deny.toml` forbids something, cargo-deny cannot be compiled, or what is locked cannot be fetched.
pub fn check(workspace: &Workspace) -> Result<()> {
    // A build fetches what this machine needs, and cargo-deny reads what any machine would.
    let mut fetch_all = workspace.cargo();
    fetch_all.args(["fetch", "--locked", "--quiet"]);
    Group::run(fetch_all)?;
    let tool = program::compiled(workspace, "cargo-deny", CARGO_DENY)?;
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(&tool);
        command.current_dir(&workspace.root).args(arguments);
        command
    };
    Group::run(deny(&["--offline", "--workspace", "check", "--hide-inclusion-graph", "licenses", "sources"]))?;
    // Tools come with some crates twice; the crate that ships does not.
    Group::run(deny(&["--offline", "--exclude-dev", "check", "--hide-inclusion-graph", "bans"]))?;
    let is_new = fetch(deny(&["fetch", "db"]))?;
    match fetched_at() {
        None => println!("advisories: NOT CHECKED, their database is not on this machine and could not be fetched"),
        Some(at) => {
            let days = at.elapsed().unwrap_or_default().as_secs() / 86_400;
            let told = if is_new { "just fetched".to_owned() } else { format!("fetched {days} days ago") };
            println!("advisories, by a database that was {told}:");
            if let Err(error) =
                Group::run(deny(&["--offline", "--workspace", "check", "--hide-inclusion-graph", "advisories"]))
            {
                println!("advisories: THERE ARE SOME, see above ({error})");
            }
        }
    }
    Ok(())
}

/// Fetches the database of advisories. Says whether it came, and in time.
fn fetch(mut command: Command) -> Result<bool> {
    command.stdout(Stdio::null()).stderr(Stdio::null()).env("GIT_TERMINAL_PROMPT", "0");
    let (mut group, began) = (Group::spawn(command)?, Instant::now());
    while began.elapsed() < FETCHED_WITHIN {
        if let Some(status) = group.ended()? {
            return Ok(status.success());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(false)
}

/// When the newest database of advisories on this machine was fetched.
fn fetched_at() -> Option<SystemTime> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")))?;
    let marks = ["advisory-dbs", "advisory-db"].into_iter().filter_map(|name| home.join(name).read_dir().ok());
    let marks = marks.flatten().filter_map(|entry| {
        let folder = entry.ok()?.path();
        let mark =
            ["FETCH_HEAD", ".git/FETCH_HEAD"].into_iter().map(|mark| folder.join(mark)).find(|mark| mark.is_file());
        File::open(mark?).ok()?.metadata().ok()?.modified().ok()
    });
    marks.max()
}
