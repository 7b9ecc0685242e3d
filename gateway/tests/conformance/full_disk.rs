//! A disk that is really full, and has room again: nothing needs a restart.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::Program;
use crate::server::{Answer, Folder, Member, bytes, client, fine, read, refused};

/// A small disk.
struct Disk {
    folder: Folder,
    /// Whether it is a file system of its own. Where none can be mounted, the program may make no file longer than some
    /// bytes while it is "full".
    mounted: bool,
}

impl Disk {
    /// One of 12 MB.
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=12m,mode=700", "tmpfs", folder.text()]);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            // Past the capture of a test that passes.
            let _ = writeln!(
                std::io::stderr(),
                "NOTE: no tmpfs can be mounted here. Instead of a full disk the program meets a limit of its files' \
                 length: what it does about free space before it writes is not tested."
            );
        }
        Self { folder, mounted }
    }

    /// Starts the program on it.
    fn program(&self, flags: &[&str]) -> Program {
        let program = env!("CARGO_BIN_EXE_partway-gateway");
        if self.mounted {
            return Program::start(flags);
        }
        let mut shell = Command::new("sh");
        // Too long a file is an error then, and no signal.
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", program]);
        Program::by(shell, flags)
    }

    fn data(&self) -> String {
        self.folder.0.join("data").to_str().unwrap().to_owned()
    }

    fn filling(&self) -> PathBuf {
        self.folder.0.join("another-program")
    }

    /// Leaves no byte.
    fn fill(&self, program: &Program) {
        if !self.mounted {
            return self.limit(program, "--fsize=4096:unlimited");
        }
        let mut file = File::options().create(true).append(true).open(self.filling()).unwrap();
        for length in [1 << 20, 4096, 1] {
            let full = loop {
                if let Err(error) = file.write(&vec![1; length]) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
    }

    /// Gives all of it back.
    fn empty(&self, program: &Program) {
        if !self.mounted {
            return self.limit(program, "--fsize=unlimited:unlimited");
        }
        std::fs::remove_file(self.filling()).unwrap();
    }

    fn limit(&self, program: &Program, limit: &str) {
        let pid = program.child.id().to_string();
        assert!(Command::new("prlimit").args(["--pid", &pid, limit]).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").args(["--lazy", self.folder.text()]).status();
        }
    }
}

/// Opens a session with these rules, or is refused.
async fn open(program: &Program, rules: Value) -> Answer {
    let request = client().post(format!("{}/v1/session", program.url)).json(&json!({ "rules": rules }));
    read(request.send().await.unwrap()).await
}

/// Waits until something is so.
async fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..300 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn below_the_reserve_nothing_is_stored_and_everything_is_removed() {
    let disk = Disk::new("reserve");
    if !disk.mounted {
        return;
    }
    let data = disk.data();
    let program = Program::start(&["--data", &data]);
    let host = program.session().await;
    let content = bytes(1_000_000, 1);
    let (kept, removed) = (host.file(&[&content, b"end"]).await, host.file(&[&content]).await);
    let begun = host.upload(2, 4_000_000).await;
    let tag = begun.tag(1, &content).await;
    let other = program.session().await;
    other.file(&[&content]).await;
    let mut empty = Vec::new();
    for _ in 0..5 {
        empty.push(host.upload(1, 0).await);
    }

    disk.fill(&program);
    for _ in 0..3 {
        refused(&open(&program, json!({})).await, 507, "InsufficientStorage");
        let join = client().post(format!("{}/v1/session/join", program.url));
        let join = join.json(&json!({"sessionId": host.session_id()})).send().await.unwrap();
        refused(&read(join).await, 507, "InsufficientStorage");
        refused(&host.start(1, 1, "x").await, 507, "InsufficientStorage");
        refused(&begun.put(2, b"x").await, 507, "InsufficientStorage");
        refused(&begun.complete(&[tag.clone(), tag.clone()]).await, 507, "InsufficientStorage");
        assert_eq!(kept.content().await.len(), 1_000_003);
        assert_eq!(host.list().await.len(), 8);
    }
    // Whatever another program takes of what that gives back.
    for empty in empty {
        assert_eq!(empty.remove().await.0, 200);
        disk.fill(&program);
    }
    assert_eq!(removed.remove().await.0, 200);
    disk.fill(&program);
    assert_eq!(other.ask(Method::DELETE, "/session/current").await.0, 200);
    refused(&other.ask(Method::GET, "/session/current").await, 401, "InvalidToken");
    disk.fill(&program);
    refused(&host.start(1, 1, "x").await, 507, "InsufficientStorage");

    disk.empty(&program);
    fine(open(&program, json!({})).await);
    let tags = [tag, begun.tag(2, &bytes(3_000_000, 2)).await];
    fine(begun.complete(&tags).await);
    assert_eq!(begun.content().await.len(), 4_000_000);
    assert_eq!(host.list().await.len(), 2);
}

#[tokio::test]
async fn a_session_that_expires_on_a_full_disk_is_swept() {
    let disk = Disk::new("swept");
    if !disk.mounted {
        return;
    }
    let data = disk.data();
    let program = Program::start(&["--data", &data, "--sweep-interval", "200ms"]);
    let opened = fine(open(&program, json!({"expiryDurationInSeconds": 6})).await);
    let ending = Member::new(&program.url, client(), opened).file(&[&bytes(1_000_000, 1)]).await;
    disk.fill(&program);
    let path = format!("{data}/parts/{}", ending.key);
    until("a session is swept", || !std::path::Path::new(&path).exists()).await;
}

#[tokio::test]
async fn a_database_that_met_a_full_disk_is_opened_anew() {
    let disk = Disk::new("reopened");
    let data = disk.data();
    // Without a reserve the database itself meets the full disk.
    let flags = ["--data", &data, "--min-free", "0"];
    let program = disk.program(&flags);
    let host = program.session().await;
    let kept = host.file(&[b"content"]).await;
    let mut known = 1;
    for round in 0..3 {
        disk.fill(&program);
        let (mut full, mut name) = (0, 0);
        while full < 12 {
            let answer = match name % 3 {
                0 => open(&program, json!({})).await,
                1 => kept.member.start(1, 0, &"n".repeat(4000)).await,
                _ => kept.member.start(1, 5, "x").await,
            };
            match answer.0.as_u16() {
                200 if name % 3 > 0 => known += 1,
                200 => {}
                503 => refused(&answer, 503, "ServiceUnavailable"),
                _ => refused(&answer, 507, "InsufficientStorage"),
            }
            full += u32::from(answer.0 != 200);
            name += 1;
            assert!(name < 20_000, "the disk is never full");
        }
        disk.empty(&program);
        // All of it at once, without a restart.
        fine(open(&program, json!({})).await);
        let begun = host.upload(1, 3).await;
        let tag = begun.tag(1, b"abc").await;
        fine(begun.complete(&[tag]).await);
        known += 1;
        assert_eq!(kept.content().await, b"content");
        assert_eq!(begun.content().await, b"abc");
        assert_eq!(host.list().await.len(), known, "round {round}");
        let lost = host.upload(1, 3).await;
        assert_eq!(lost.remove().await.0, 200);
    }
    // What was answered is there after a restart, too.
    let mut program = program;
    let mut said = program.child.stderr.take().unwrap();
    program.kill();
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    assert!(text.contains("the database was opened anew"), "{text}");
    let program = disk.program(&flags);
    let mut host = host;
    host.url = program.url.clone();
    assert_eq!(host.list().await.len(), known);
}
