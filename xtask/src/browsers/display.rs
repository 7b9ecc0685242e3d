//! The invisible screen WebKit needs: without a DISPLAY it hangs, and says nothing.
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::process::Group;

/// A running Xvfb; stopped when dropped.
pub struct Display {
    /// What DISPLAY is to be, such as `:0`.
    pub name: String,
    _server: Group,
}

impl Display {
    /// Starts Xvfb on a display that is free.
    ///
    /// # Errors
    /// It cannot be started, or ends at once.
    pub fn start() -> Result<Self> {
        let mut command = Command::new("Xvfb");
        // It looks for a free display itself, and prints the number once it accepts clients.
        command
            .args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = Group::spawn(command)?;
        let mut number = String::new();
        let output = server.take_stdout().context("Xvfb has no stdout")?;
        BufReader::new(output).read_line(&mut number).context("cannot read Xvfb's display number")?;
        let number = number.trim();
        ensure!(!number.is_empty(), "Xvfb did not start");
        Ok(Self { name: format!(":{number}"), _server: server })
    }
}
