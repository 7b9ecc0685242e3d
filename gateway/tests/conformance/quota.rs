//! Bytes on their way count as stored ones do, and go with their file.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::program::Program;
use crate::server::{Folder, Member, Upload, bytes, client, fine, refused, start};
use crate::sessions::futures;

const SIZE: usize = 4_000_000;

/// A part of which some bytes were sent.
struct Begun(TcpStream);

impl Begun {
    async fn new(upload: &Upload, number: u64, declared: &str, sent: &[u8]) -> Self {
        let Upload { member, key, id } = upload;
        let address = member.url.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\npartNumber: {number}\r\n\
             key: {key}\r\nuploadId: {id}\r\n{declared}\r\n\r\n",
            member.token
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        // A refusal may come before all is sent.
        let _ = socket.write_all(sent).await;
        Self(socket)
    }

    /// All but the last byte of a part of `size` bytes.
    async fn short_of_one(upload: &Upload, number: u64, size: usize) -> Self {
        let body = bytes(size - 1, number);
        Self::new(upload, number, &format!("content-length: {size}"), &body).await
    }

    /// The status of the answer.
    async fn status(&mut self) -> u16 {
        let mut answer = [0; 12];
        let reading = self.0.read_exact(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("no answer").unwrap();
        String::from_utf8_lossy(&answer[9..]).parse().unwrap()
    }
}

/// Bytes of all parts in the folder.
fn on_disk(data: &Folder) -> u64 {
    let parts = data.files().into_iter().filter(|file| !file.ends_with("meta.redb"));
    parts.map(|file| data.0.join(file).metadata().map_or(0, |file| file.len())).sum()
}

/// Waits until there are as many bytes on the disk.
async fn until(data: &Folder, what: impl Fn(u64) -> bool) {
    for _ in 0..300 {
        if what(on_disk(data)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} bytes, {:?}", on_disk(data), data.files());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_parts_bring_no_more_than_their_file_may_have() {
    let data = Folder::new("fifty");
    let server = start(&["--data", data.text()]).await;
    let member = server.session(json!({"maxTotalMegaBytes": 4})).await;
    let upload = member.upload(50, SIZE as u64).await;
    let mut begun = futures(50, |index| Begun::short_of_one(&upload, index as u64 + 1, SIZE)).await;
    // One has all that the file may have; the others are told so at once.
    until(&data, |bytes| bytes > 2_000_000).await;
    let mut refusals = 0;
    for part in &mut begun {
        let status = tokio::time::timeout(Duration::from_secs(3), part.status());
        refusals += u32::from(status.await.is_ok_and(|status| status == 413));
    }
    assert_eq!(refusals, 49);
    assert!(on_disk(&data) <= SIZE as u64, "{}", on_disk(&data));
    // Its bytes are given back with it.
    drop(begun);
    until(&data, |bytes| bytes == 0).await;
    upload.tag(1, &bytes(SIZE / 2, 1)).await;
    let mut second = Begun::short_of_one(&upload, 2, SIZE / 2).await;
    until(&data, |bytes| bytes > SIZE as u64 / 2).await;
    refused(&upload.put(3, b"x").await, 413, "EntityTooLarge");
    // A part may be replaced meanwhile, by one that is no longer.
    refused(&upload.put(1, &bytes(SIZE / 2 + 1, 3)).await, 413, "EntityTooLarge");
    upload.tag(1, &bytes(SIZE / 2, 3)).await;
    second.0.write_all(b"x").await.unwrap();
    assert_eq!(second.status().await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undeclared_bytes_count_too() {
    let data = Folder::new("undeclared");
    let server = start(&["--data", data.text()]).await;
    let upload = server.session(json!({})).await.upload(50, SIZE as u64).await;
    let chunk = [b"3d0000\r\n", &bytes(0x3d_0000, 1)[..], b"\r\n"].concat();
    let mut begun = futures(20, |index| {
        let (upload, chunk) = (upload.clone(), chunk.clone());
        async move { Begun::new(&upload, index as u64 + 1, "transfer-encoding: chunked", &chunk).await }
    })
    .await;
    let mut most = 0;
    for _ in 0..40 {
        most = most.max(on_disk(&data));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!((1..=SIZE as u64).contains(&most), "{most}");
    upload.remove().await;
    until(&data, |bytes| bytes == 0).await;
    for part in &mut begun {
        assert!([404, 413].contains(&part.status().await));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_end_with_their_file_and_their_session() {
    let data = Folder::new("ended");
    let server = start(&["--data", data.text()]).await;
    let host = server.session(json!({})).await;
    let (one, other) = (host.upload(3, SIZE as u64).await, host.upload(1, SIZE as u64).await);
    let complete = host.upload(1, 3).await;
    let tag = complete.tag(1, b"abc").await;
    let mut begun = [
        Begun::short_of_one(&one, 1, 1_500_000).await,
        Begun::short_of_one(&one, 2, 1_500_000).await,
        Begun::short_of_one(&other, 1, SIZE).await,
    ];
    let mut late = Begun::short_of_one(&complete, 1, 3).await;
    until(&data, |bytes| bytes > 2_000_000).await;
    assert_eq!(one.remove().await.0, 200);
    assert_eq!((begun[0].status().await, begun[1].status().await), (404, 404));
    until(&data, |bytes| bytes <= SIZE as u64 + 3 + 2).await;
    fine(complete.complete(&[tag]).await);
    assert_eq!(late.status().await, 409);
    assert_eq!(host.ask(reqwest::Method::DELETE, "/session/current").await.0, 200);
    assert_eq!(begun[2].status().await, 404);
    until(&data, |bytes| bytes == 0).await;
    assert_eq!(data.files(), ["meta.redb"]);
}

#[tokio::test]
async fn a_try_that_hangs_makes_room_for_the_next_one() {
    let data = Folder::new("hanging");
    let server = start(&["--data", data.text()]).await;
    let upload = server.session(json!({})).await.upload(2, SIZE as u64).await;
    let halves = [bytes(SIZE / 2, 1), bytes(SIZE / 2, 2)];
    let mut hanging = Vec::new();
    for _ in 0..3 {
        hanging.push(Begun::short_of_one(&upload, 1, SIZE / 2).await);
    }
    let tags = [upload.tag(1, &halves[0]).await, upload.tag(2, &halves[1]).await];
    fine(upload.complete(&tags).await);
    // Those that had the bytes before were ended for it, and what is left ends with the completion.
    let mut statuses = Vec::new();
    for mut part in hanging {
        statuses.push(part.status().await);
    }
    assert!(statuses.contains(&408) && statuses.iter().all(|status| [408, 409].contains(status)), "{statuses:?}");
    until(&data, |bytes| bytes == SIZE as u64).await;
    assert_eq!(upload.content().await, halves.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_sessions_together_store_no_more_than_they_may() {
    let data = Folder::new("stored");
    let flags = ["--data", data.text(), "--max-stored", "3MB"];
    let program = Program::start(&flags);
    let (one, other) = (program.session().await, program.session().await);
    let full = |answer| refused(&answer, 507, "InsufficientStorage");
    full(other.start(1, 3_000_001, "x").await);
    let mut kept = one.file(&[&bytes(1_000_000, 1)]).await;
    full(other.start(1, 2_000_001, "x").await);
    let mut upload = other.upload(3, 2_000_000).await;
    let mut under_way = Begun::short_of_one(&upload, 1, 1_500_000).await;
    until(&data, |bytes| bytes > 1_000_000).await;
    // What is under way counts: 500,000 bytes are left.
    full(one.start(1, 500_001, "x").await);
    let mut small = one.upload(2, 500_000).await;
    small.tag(1, &bytes(400_000, 2)).await;
    full(upload.put(2, &bytes(100_001, 3)).await);
    let last = upload.tag(2, &bytes(100_000, 3)).await;
    full(upload.put(3, b"x").await);
    full(small.put(2, b"x").await);
    under_way.0.write_all(b"x").await.unwrap();
    assert_eq!(under_way.status().await, 200);
    full(upload.put(3, b"x").await);

    // It is known after a crash, and given back.
    program.kill();
    let program = Program::start(&flags);
    for upload in [&mut kept, &mut upload, &mut small] {
        upload.member = Member { url: program.url.clone(), client: client(), ..upload.member.clone() };
    }
    full(upload.put(3, b"x").await);
    assert_eq!(small.remove().await.0, 200);
    assert_eq!(upload.tag(2, &bytes(100_000, 3)).await, last, "in place of itself");
    upload.tag(3, &bytes(400_000, 4)).await;
    full(upload.member.start(1, 1, "x").await);
    assert_eq!(kept.member.ask(reqwest::Method::DELETE, "/session/current").await.0, 200);
    full(upload.member.start(1, 1_000_001, "x").await);
    upload.member.file(&[&bytes(1_000_000, 5)]).await;
}
