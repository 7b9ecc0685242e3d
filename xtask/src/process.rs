//! Child processes, each a group of its own that is stopped on every path: when its guard is dropped, and when this
//! program is interrupted.
use std::{
    process::{Child, ChildStderr, ChildStdout, Command, ExitCode, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// How long a group may take to end after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(3);

static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child process and all its descendants that stayed in its group. Dropping it ends them.
#[derive(Debug)]
pub struct Group {
    child: Child,
    name: String,
}

impl Group {
    /// Starts the command as a group of its own, without stdin.
    ///
    /// # Errors
    /// The program cannot be started; the sentence names it.
    pub fn spawn(command: Command) -> Result<Self> {
        Self::spawn_with(command, Stdio::null())
    }

    /// The same with a stdin that stays empty and open: some servers take its end for their own.
    ///
    /// # Errors
    /// The program cannot be started; the sentence names it.
    pub fn spawn_open(command: Command) -> Result<Self> {
        Self::spawn_with(command, Stdio::piped())
    }

    fn spawn_with(mut command: Command, stdin: Stdio) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(stdin);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // The lock is held over the start, so that an interrupt cannot come between start and entry.
        let mut running = running();
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        running.push(child.id());
        Ok(Self { child, name })
    }

    /// Runs the command to its end.
    ///
    /// # Errors
    /// It cannot be started, or ends with another status than success.
    pub fn run(command: Command) -> Result<()> {
        let mut group = Self::spawn(command)?;
        let status = group.wait()?;
        if !status.success() {
            bail!("{} failed ({status})", group.name);
        }
        Ok(())
    }

    /// The child's stdout, where the command had it piped; once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// The child's stderr, where the command had it piped; once.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// The child's process ID, which is also its group's.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the child to end.
    ///
    /// # Errors
    /// The system refuses to wait.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Whether the child has ended, and how.
    ///
    /// # Errors
    /// The system refuses to say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot ask after {}", self.name))
    }
}

impl Group {
    /// `kill -9` of the child, and of all that stayed in its group.
    ///
    /// # Errors
    /// The system refuses to wait for its end.
    pub fn kill(&mut self) -> Result<()> {
        signal(self.child.id(), Signal::Kill);
        let _ = self.child.kill();
        self.wait().map(drop)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.child.id();
        signal(id, Signal::End);
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < GRACE {
            thread::sleep(Duration::from_millis(20));
        }
        // Also after a clean end: the child may have left descendants behind.
        signal(id, Signal::Kill);
        let _ = self.child.kill();
        let _ = self.child.wait();
        running().retain(|other| *other != id);
    }
}

/// From now on an interrupt (Ctrl-C, SIGTERM, SIGHUP) ends every running group, then this program with status 130.
///
/// # Errors
/// The system refuses the handler.
pub fn stop_all_on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        let groups = running();
        for id in groups.iter() {
            signal(*id, Signal::End);
        }
        let start = Instant::now();
        while groups.iter().any(|id| signal(*id, Signal::None)) && start.elapsed() < GRACE {
            thread::sleep(Duration::from_millis(20));
        }
        for id in groups.iter() {
            signal(*id, Signal::Kill);
        }
        std::process::exit(130);
    })
    .context("cannot handle interrupts")
}

/// What this program ends with. An error is told on stderr.
#[must_use]
pub fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Replaces this program by another one; where the system cannot, runs it and ends with its status.
///
/// # Errors
/// It cannot be started.
pub fn become_program(mut program: Command) -> Result<()> {
    #[cfg(unix)]
    {
        let error = std::os::unix::process::CommandExt::exec(&mut program);
        Err(error).with_context(|| format!("cannot start {}", program.get_program().to_string_lossy()))
    }
    #[cfg(not(unix))]
    {
        let status = program.status().context("cannot start the program")?;
        std::process::exit(status.code().unwrap_or(1));
    }
}

enum Signal {
    None,
    End,
    Kill,
}

/// Sends the signal to a group; gives whether there still is one.
#[cfg(unix)]
fn signal(group: u32, signal: Signal) -> bool {
    use nix::{sys::signal, unistd::Pid};
    let Ok(group) = i32::try_from(group) else {
        return false;
    };
    let signal = match signal {
        Signal::None => None,
        Signal::End => Some(signal::Signal::SIGTERM),
        Signal::Kill => Some(signal::Signal::SIGKILL),
    };
    signal::killpg(Pid::from_raw(group), signal).is_ok()
}

#[cfg(not(unix))]
fn signal(_group: u32, _signal: Signal) -> bool {
    // Windows has no process groups in this sense; the child itself is killed by its handle, Ctrl-C reaches all.
    false
}

/// `kill -9` of one process.
pub fn kill(process: u32) {
    #[cfg(unix)]
    send(process, nix::sys::signal::Signal::SIGKILL);
    #[cfg(not(unix))]
    let _ = process;
}

/// The numbers of all processes, where `/proc` tells them.
#[must_use]
pub fn all() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// A process that is stopped: nothing of it runs until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Stopped(u32);

/// Stops one process.
pub fn stop(process: u32) -> Stopped {
    #[cfg(unix)]
    send(process, nix::sys::signal::Signal::SIGSTOP);
    Stopped(process)
}

impl Drop for Stopped {
    fn drop(&mut self) {
        #[cfg(unix)]
        send(self.0, nix::sys::signal::Signal::SIGCONT);
        #[cfg(not(unix))]
        let _ = self.0;
    }
}

#[cfg(unix)]
fn send(process: u32, signal: nix::sys::signal::Signal) {
    if let Ok(process) = i32::try_from(process) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), signal);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn dropping_a_group_ends_its_grandchildren() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 600 & echo $!; wait"]).stdout(Stdio::piped());
        let mut group = Group::spawn(shell).unwrap();
        let mut text = String::new();
        let mut output = group.take_stdout().unwrap();
        let mut byte = [0];
        while !text.ends_with('\n') {
            output.read_exact(&mut byte).unwrap();
            text.push(char::from(byte[0]));
        }
        let grandchild = nix::unistd::Pid::from_raw(text.trim().parse().unwrap());
        assert!(nix::sys::signal::kill(grandchild, None).is_ok());
        drop(group);
        // End of file: nobody holds the pipe's other end any more, so the grandchild is gone too.
        assert_eq!(output.read(&mut byte).unwrap(), 0);
    }

    #[test]
    fn a_command_that_fails_is_an_error() {
        assert!(Group::run(Command::new("true")).is_ok());
        assert!(Group::run(Command::new("false")).is_err());
        assert!(Group::run(Command::new("/nowhere/at/all")).is_err());
    }
}
