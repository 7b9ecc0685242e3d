//! Node and npm, in a version that every bundler takes; and how their commands are run.
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use super::versions::Versions;
use crate::{
    browsers::node::{self, NODE},
    process::Group,
    step::step,
    workspace::Workspace,
};

/// The least that Vite takes.
const LEAST: (u32, u32) = (20, 19);
/// Longest that an installation or a build takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// What runs `node` and `npm`.
#[derive(Clone, Debug)]
pub struct Tools {
    path: OsString,
}

impl Tools {
    /// Those of the machine, or, where its Node is too old, one from npm below `target/tools/`.
    ///
    /// # Errors
    /// There is none, and it cannot be installed.
    pub fn find(workspace: &Workspace, versions: &Versions) -> Result<Self> {
        node::ensure(&NODE)?;
        let path = env::var_os("PATH").unwrap_or_default();
        if version().is_some_and(|version| version >= LEAST) {
            return Ok(Self { path });
        }
        let folder = workspace.path("target/tools/node");
        let (node, npm) = (versions.get("node")?, versions.get("npm")?);
        let package = platform();
        let program = folder.join("node_modules").join(&package).join("bin");
        if !program.join("node").is_file() {
            step(&format!("install node {node}"), || {
                fs::create_dir_all(&folder)?;
                let mut install = Command::new("npm");
                install
                    .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
                    .arg(&folder)
                    // With an npm of its own: Debian's runs on Debian's Node alone.
                    .args([format!("{package}@{node}"), format!("npm@{npm}")]);
                Group::run(install)
            })?;
        }
        let folders = [program, folder.join("node_modules/.bin")].into_iter().chain(env::split_paths(&path));
        Ok(Self { path: env::join_paths(folders).context("a folder of PATH has a colon in its name")? })
    }

    /// A command, run in `folder`, that tells nobody anything.
    #[must_use]
    pub fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env("PATH", &self.path);
        for (name, value) in [
            ("CI", "1"),
            ("NO_COLOR", "1"),
            ("DO_NOT_TRACK", "1"),
            ("NEXT_TELEMETRY_DISABLED", "1"),
            ("NO_UPDATE_NOTIFIER", "1"),
            ("BROWSERSLIST_IGNORE_OLD_DATA", "1"),
            ("npm_config_update_notifier", "false"),
        ] {
            command.env(name, value);
        }
        command
    }

    /// Installs what the folder's `package.json` names, from npm's own cache where that has it.
    ///
    /// # Errors
    /// npm fails; the sentence ends with what it said.
    pub fn install(&self, folder: &Path) -> Result<()> {
        let mut npm = self.command("npm", folder);
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--prefer-offline"]);
        npm.arg("--loglevel=error");
        run(npm).map(drop)
    }

    /// Runs a script of the folder's `package.json` to its end; gives what it printed.
    ///
    /// # Errors
    /// It fails; the sentence ends with what it said.
    pub fn script(&self, folder: &Path, script: &str, arguments: &[&str]) -> Result<String> {
        let mut npm = self.command("npm", folder);
        npm.args(["run", "--silent", script, "--"]).args(arguments);
        run(npm)
    }

    /// Runs a program of JavaScript.
    ///
    /// # Errors
    /// It fails; the sentence ends with what it said.
    pub fn node(&self, folder: &Path, arguments: &[&str]) -> Result<String> {
        let mut node = self.command("node", folder);
        node.args(arguments);
        run(node)
    }

    /// Runs a program that is installed in the folder.
    ///
    /// # Errors
    /// It fails; the sentence ends with what it said.
    pub fn installed(&self, folder: &Path, program: &str, arguments: &[&str]) -> Result<String> {
        let program = folder.join("node_modules/.bin").join(program);
        let mut command = self.command(&program.to_string_lossy(), folder);
        command.args(arguments);
        run(command)
    }
}

/// Runs a command to its end; gives what it printed.
///
/// # Errors
/// It fails, or takes too long; the sentence ends with what it said.
pub fn run(mut command: Command) -> Result<String> {
    // Not in the command's folder, which may be the repository's own.
    let said = NamedTempFile::with_prefix("partway-").context("cannot create a temporary file")?;
    let log = said.reopen()?;
    command.stdout(log.try_clone()?).stderr(log);
    let words: Vec<_> = command.get_args().take(2).map(|word| word.to_string_lossy().into_owned()).collect();
    let name = format!("{} {}", command.get_program().to_string_lossy(), words.join(" "));
    let start = Instant::now();
    let mut group = Group::spawn(command)?;
    let status = loop {
        if let Some(status) = group.ended()? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            bail!("{name} took more than {} s; it said:\n{}", PATIENCE.as_secs(), last_lines(said.path()));
        }
        thread::sleep(Duration::from_millis(20));
    };
    if !status.success() {
        bail!("{name} failed ({status}); it said:\n{}", last_lines(said.path()));
    }
    Ok(String::from_utf8_lossy(&fs::read(said.path())?).into_owned())
}

/// The end of what a command printed into a file.
#[must_use]
pub fn last_lines(file: &Path) -> String {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
}

fn version() -> Option<(u32, u32)> {
    let output = Command::new("node").arg("--version").stdin(Stdio::null()).output().ok()?;
    parse_version(&String::from_utf8(output.stdout).ok()?)
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The npm package that holds Node for this machine.
fn platform() -> String {
    let system = if env::consts::OS == "macos" { "darwin" } else { env::consts::OS };
    let processor = if env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
    format!("node-{system}-{processor}")
}

/// Packs a package; gives the tarball, in `folder`.
///
/// # Errors
/// npm fails.
pub fn pack(tools: &Tools, package: &Path, folder: &Path) -> Result<PathBuf> {
    let mut npm = tools.command("npm", folder);
    npm.args(["pack", "--silent"]).arg(package);
    let name = run(npm)?;
    Ok(folder.join(name.trim()))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(parse_version("v20.19.4\n"), Some((20, 19)));
        assert_eq!(parse_version("20.19.4"), None);
        assert_eq!(parse_version(""), None);
    }
}
