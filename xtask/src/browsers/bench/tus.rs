//! The tus server of the race, a process of Node: `tests/bench/tus-server.mjs`.
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Command, Stdio},
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    books::{Books, Stored},
    faults::Faults,
};
use crate::process::Group;

/// The running server; stopped when dropped.
pub struct Tus {
    /// Where it listens.
    pub address: SocketAddr,
    _group: Group,
}

impl Tus {
    /// Starts it by `command`, which ends with the script.
    ///
    /// # Errors
    /// It does not start; its own messages say why.
    pub fn start(mut command: Command) -> Result<Self> {
        command.stdout(Stdio::piped());
        let mut group = Group::spawn(command)?;
        let mut line = String::new();
        BufReader::new(group.take_stdout().context("node has no stdout")?).read_line(&mut line)?;
        let port: u16 = line.trim().parse().context("the tus server did not start; its messages above say why")?;
        Ok(Self { address: ([127, 0, 0, 1], port).into(), _group: group })
    }

    /// Opens a race's place.
    ///
    /// # Errors
    /// The server is gone.
    pub fn open(&self, run: &str, faults: Faults) -> Result<()> {
        ureq::post(self.place(run)).send_json(faults.json()).context("the tus server").map(drop)
    }

    /// Bytes that came in a race so far.
    ///
    /// # Errors
    /// The server is gone.
    pub fn bytes(&self, run: &str) -> Result<u64> {
        Ok(self.told(run)?.get("bytes").and_then(Value::as_u64).unwrap_or_default())
    }

    /// The books of a race.
    ///
    /// # Errors
    /// The server is gone.
    pub fn books(&self, run: &str) -> Result<Books> {
        let told = self.told(run)?;
        let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64);
        let files = told.get("files").and_then(Value::as_array).into_iter().flatten();
        let files = files.enumerate().map(|(index, file)| {
            let (size, came) = (number(file, "size"), number(file, "offset").unwrap_or_default());
            let stored = Stored { size, parts: [(1, came)].into(), completed: size == Some(came), ..Stored::default() };
            (index.to_string(), stored)
        });
        Ok(Books {
            files: files.collect(),
            bytes: number(&told, "bytes").unwrap_or_default(),
            last: number(&told, "last").map(|millis| UNIX_EPOCH + Duration::from_millis(millis)),
        })
    }

    fn told(&self, run: &str) -> Result<Value> {
        let mut answer = ureq::get(self.place(run)).call().context("the tus server")?;
        serde_json::from_str(&answer.body_mut().read_to_string()?).context("the tus server told no JSON")
    }

    fn place(&self, run: &str) -> String {
        format!("http://{}/runs/{run}", self.address)
    }
}
