//! The program itself: what it prints, how it stops, what it never says.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::server::{Folder, Member, bytes, client, fine, read};

/// The running program.
pub struct Program {
    pub child: Child,
    pub url: String,
}

impl Program {
    /// Starts it on a free port and waits for its line.
    pub fn start(flags: &[&str]) -> Self {
        Self::by(Command::new(env!("CARGO_BIN_EXE_partway-gateway")), flags)
    }

    /// The same by `command`.
    pub fn by(mut command: Command, flags: &[&str]) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--min-part-size", "1"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("it did not start: {line:?} {said}");
        };
        Self { url: url.to_owned(), child }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Opens a session.
    pub async fn session(&self) -> Member {
        let request = client().post(format!("{}/v1/session", self.url)).json(&json!({}));
        Member::new(&self.url, client(), fine(read(request.send().await.unwrap()).await))
    }

    /// Asks it to stop, and gives its exit code, the rest of stdout, and stderr.
    fn stop(mut self, signal: &str) -> (Option<i32>, String, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let begun = Instant::now();
        let code = self.child.wait().unwrap().code();
        assert!(begun.elapsed() < Duration::from_secs(8));
        let (mut out, mut err) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (code, out, err)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(flags: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_partway-gateway")).args(flags).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn help_explains_every_flag() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for flag in [
        "listen",
        "data",
        "www",
        "pkg",
        "allow-origin",
        "public-url",
        "min-part-size",
        "max-part-size",
        "max-files",
        "max-total-megabytes",
        "max-users",
        "max-expiry",
        "default-expiry",
        "max-sessions",
        "link-life",
        "max-connections",
        "max-connections-per-address",
        "header-timeout",
        "body-timeout",
        "min-rate",
        "drain-limit",
        "sweep-interval",
        "stop-timeout",
        "min-free",
        "max-stored",
        "max-list",
        "session-key",
        "sessions-per-hour",
    ] {
        let line = help.lines().position(|line| line.trim_start().starts_with(&format!("--{flag} ")));
        let line = line.unwrap_or_else(|| panic!("--{flag} is missing"));
        let explained: String = help.lines().skip(line).take(2).collect();
        assert!(explained.len() > flag.len() + 30, "{explained}");
    }
    assert!(help.contains("127.0.0.1:8787") && help.contains("Sizes:"));
    let (code, version, _) = run(&["--version"]);
    assert_eq!((code, version), (Some(0), format!("partway-gateway {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn what_it_cannot_do_it_says_and_stops() {
    let folder = Folder::new("flags");
    for (flags, said) in [
        (vec!["--listen", "nowhere"], "--listen"),
        (vec!["--min-part-size", "5MX"], "KiB"),
        (vec!["--body-timeout", "0"], "--body-timeout"),
        (vec!["--allow-origin", "*"], "--allow-origin"),
        (vec!["--public-url", "ftp://x"], "--public-url"),
        (vec!["--session-key", ""], "--session-key"),
        (vec!["--none"], "--none"),
        (vec!["--listen", "127.0.0.1:0", "--www", "/nowhere/at/all"], "is not a folder"),
    ] {
        let (code, out, err) = run(&flags);
        assert!(code != Some(0) && out.is_empty() && err.contains(said), "{flags:?}: {code:?} {out} {err}");
    }
    // One data folder, one gateway.
    let first = Program::start(&["--data", folder.text()]);
    let (code, out, err) = run(&["--listen", "127.0.0.1:0", "--data", folder.text()]);
    assert!(code == Some(1) && out.is_empty() && err.contains("data folder"), "{code:?} {out} {err}");
    let address = first.url.strip_prefix("http://").unwrap();
    let (code, out, err) = run(&["--listen", address]);
    assert!(code == Some(1) && out.is_empty() && err.contains("cannot listen"), "{code:?} {out} {err}");
}

#[tokio::test]
async fn it_says_one_line_and_no_secret_and_stops_when_told() {
    for signal in ["-TERM", "-INT"] {
        let program = Program::start(&[]);
        let host = program.session().await;
        let upload = host.file(&[&bytes(100_000, 1), b"end"]).await;
        let link = upload.link().await;
        assert_eq!(upload.content().await.len(), 100_003);
        // Refusals and broken requests of every kind.
        for path in ["/buckets/file/x", "/buckets/file/..%2f", &format!("/none/{}", host.token), "/link/x?y"] {
            host.ask(Method::GET, path).await;
        }
        upload.put(1, b"x").await;
        upload.complete(&[]).await;
        upload.remove().await;
        let (code, out, err) = program.stop(signal);
        assert_eq!((code, out.as_str()), (Some(0), ""));
        let signature = link.rsplit('=').next().unwrap();
        for secret in [&host.token, host.session_id(), "pw1.name", signature, &upload.key] {
            assert!(!err.contains(secret), "{err}");
        }
        // The temporary folder was named, and is gone.
        let folder = err.lines().find_map(|line| line.split_once("end): ")).unwrap().1;
        assert!(folder.contains("partway-gateway-") && !std::path::Path::new(folder).exists(), "{err}");
    }
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_it_stops() {
    let program = Program::start(&["--stop-timeout", "5s"]);
    let upload = program.session().await.upload(1, 4_000_000).await;
    let (sender, receiver) = std::sync::mpsc::channel();
    let body = bytes(4_000_000, 1);
    let pid = program.child.id().to_string();
    let address = program.url.strip_prefix("http://").unwrap().to_owned();
    let head = format!(
        "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\npartNumber: 1\r\nkey: {}\r\n\
         uploadId: {}\r\ncontent-length: 4000000\r\n\r\n",
        upload.member.token, upload.key, upload.id
    );
    std::thread::spawn(move || {
        use std::io::Write as _;
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(&body[..2_000_000]).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(200));
        socket.write_all(&body[2_000_000..]).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        sender.send(answer).unwrap();
    });
    let answer = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    let mut program = program;
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
}
