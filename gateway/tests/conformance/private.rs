//! What is on the disk is nobody else's, and does not stay there.

#![cfg(unix)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Program;
use crate::server::{Folder, bytes};

/// The program without a data folder, where temporary ones are made in `folder`.
fn temporary(folder: &Folder) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partway-gateway"));
    command.env("TMPDIR", folder.text());
    Program::by(command, &[])
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn what_is_left_after_a_kill_is_removed_at_the_next_start() {
    let folder = Folder::new("left");
    let killed = temporary(&folder);
    killed.session().await.file(&[&bytes(100_000, 1)]).await;
    let left = entries(&folder.0);
    assert_eq!(left.len(), 1);
    killed.kill();
    assert_eq!(entries(&folder.0), left);

    // What is not a gateway's, or of one that runs, stays.
    let others = ["partway-gateway-", "partway-gateway-0123456789abcdeg", "other-0123456789abcdef"];
    let others = others.map(|name| folder.0.join(name));
    others.iter().for_each(|other| std::fs::create_dir(other).unwrap());
    let link = folder.0.join("partway-gateway-0123456789abcdef");
    std::os::unix::fs::symlink(&others[0], &link).unwrap();
    let living = temporary(&folder);
    let member = living.session().await;
    let upload = member.file(&[b"content"]).await;
    let last = temporary(&folder);
    assert!(!left[0].exists());
    assert!(others.iter().all(|other| other.exists()) && link.exists());
    assert_eq!(entries(&folder.0).len(), others.len() + 1 + 2);
    assert_eq!(upload.content().await, b"content");
    drop((living, last));
}

#[tokio::test]
async fn nobody_else_can_read_what_is_stored() {
    let folder = Folder::new("private");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let check = |data: &Path| {
        assert_eq!(mode(&data.join("meta.redb")), 0o600);
        assert_eq!((mode(&data.join("parts")), mode(&data.join("incoming"))), (0o700, 0o700));
        for file in entries(&data.join("parts")) {
            assert_eq!(mode(&file), 0o700);
            assert!(entries(&file).iter().all(|part| mode(part) == 0o600));
        }
    };
    // A folder that it makes is closed itself.
    let new = folder.0.join("new");
    let program = Program::start(&["--data", new.to_str().unwrap()]);
    program.session().await.file(&[&bytes(100_000, 1), b"end"]).await;
    assert_eq!(mode(&new), 0o700);
    check(&new);
    program.kill();
    // In one that others may look into, also from an earlier version, they see names that say nothing.
    for (path, wanted) in [(new.clone(), 0o755), (new.join("parts"), 0o755), (new.join("incoming"), 0o755)] {
        set(&path, wanted);
    }
    set(&new.join("meta.redb"), 0o644);
    let program = Program::start(&["--data", new.to_str().unwrap()]);
    program.session().await.file(&[b"content"]).await;
    assert_eq!(mode(&new), 0o755);
    check(&new);
    program.kill();
    // Where others may exchange what is stored it does not start.
    set(&new, 0o757);
    let mut command = Command::new(env!("CARGO_BIN_EXE_partway-gateway"));
    let output = command.args(["--listen", "127.0.0.1:0", "--data", new.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("chmod o-w"), "{said}");
}
