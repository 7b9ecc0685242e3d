//! The gateway, built and running.
use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{ChildStderr, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{process::Group, workspace::Workspace};

/// What stands before the word for faults in the gateway's messages.
const WORD: &str = "the word for faults: ";

/// A running gateway; stopped when dropped.
pub struct Gateway {
    /// Where it listens, such as `http://127.0.0.1:8787`, without a slash at the end.
    pub origin: String,
    /// What whoever sets its faults must send. It is repeated nowhere.
    pub word: String,
    said: Arc<Mutex<String>>,
    group: Group,
}

impl Gateway {
    /// Builds the gateway's program, with the faults that the demo's panel shows.
    ///
    /// # Errors
    /// The build fails.
    pub fn build(workspace: &Workspace) -> Result<PathBuf> {
        let mut build = workspace.cargo();
        build.args(["build", "--package", "partway-gateway", "--features", "faults"]);
        workspace.artifacts(build)?.executable("partway-gateway").context("cargo built no partway-gateway")
    }

    /// Starts the program on loopback, serving `www/` and `pkg/`, and waits until it accepts connections.
    /// Port 0 takes a free one. `arguments` are further flags of the gateway.
    ///
    /// # Errors
    /// It cannot be started, or ends before it listens; its own messages on stderr say why.
    pub fn start(workspace: &Workspace, program: PathBuf, port: u16, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["--listen", &format!("127.0.0.1:{port}"), "--www", "www", "--pkg", "pkg", "--stop-timeout", "1s"])
            .args(arguments)
            .current_dir(&workspace.root)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut group = Group::spawn(command)?;
        let said = Arc::<Mutex<String>>::default();
        let (word, told) = mpsc::channel();
        repeat(group.take_stderr().context("the gateway has no stderr")?, said.clone(), word);
        let mut output = BufReader::new(group.take_stdout().context("the gateway has no stdout")?);
        let mut line = String::new();
        output.read_line(&mut line).context("cannot read what the gateway prints")?;
        let origin = line
            .trim()
            .strip_prefix("listening on ")
            .with_context(|| format!("the gateway did not start on port {port}; its messages above say why"))?
            .to_owned();
        drain(output);
        let word = told.recv_timeout(Duration::from_secs(10)).context("the gateway told no word for its faults")?;
        Ok(Self { origin, word, said, group })
    }

    /// What the gateway has said on stderr so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// The system refuses to wait for its end.
    pub fn kill(mut self) -> Result<()> {
        self.group.kill()
    }

    /// Waits until the gateway ends by itself.
    ///
    /// # Errors
    /// The system refuses to wait.
    pub fn wait(mut self) -> Result<()> {
        self.group.wait().map(drop)
    }
}

/// Reads on, so that a full or closed pipe never stops the gateway.
fn drain(mut output: BufReader<ChildStdout>) {
    thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
}

/// Passes the gateway's messages on, and keeps them; all but its word for faults, which goes to `word`.
fn repeat(messages: ChildStderr, said: Arc<Mutex<String>>, word: mpsc::Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(messages).lines().map_while(Result::ok) {
            if let Some(told) = line.strip_prefix(WORD) {
                // Nobody waits any more where the gateway did not start.
                let _ = word.send(told.to_owned());
                continue;
            }
            eprintln!("gateway: {line}");
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&line);
            said.push('\n');
        }
    });
}
