//! What is revoked is revoked for what is under way too.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{Answer, Member, Server, Upload, bytes, fine, read, refused, start};

/// Larger than what sockets hold on both sides.
const SIZE: usize = 48_000_000;

/// A download that has begun, and of which nothing more is taken.
struct Open {
    socket: TcpStream,
}

impl Open {
    async fn new(server: &Server, upload: &Upload) -> Self {
        let link = upload.link().await;
        let target = link.strip_prefix(&server.url).unwrap();
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        socket.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        Self { socket }
    }

    /// Takes the rest, and gives how much that is. An end that is a reset is one too.
    async fn rest(mut self) -> usize {
        let mut rest = Vec::new();
        let reading = self.socket.read_to_end(&mut rest);
        drop(tokio::time::timeout(Duration::from_secs(20), reading).await.expect("no end of the answer"));
        rest.len()
    }
}

async fn joined(server: &Server, host: &Member) -> Member {
    server.member(fine(server.join(&json!({ "sessionId": host.session_id() })).await))
}

async fn remove_user(host: &Member, id: &str) -> Answer {
    host.ask(Method::DELETE, &format!("/session/users/{id}")).await
}

fn id(member: &Member) -> &str {
    member.opened["credentials"]["id"].as_str().unwrap()
}

#[tokio::test]
async fn an_open_download_ends_with_its_session_its_member_and_its_file() {
    let server = start(&[]).await;
    let host = server.session(json!({ "expiryDurationInSeconds": 600 })).await;
    let content = bytes(SIZE, 1);
    let upload = host.file(&[&content]).await;
    let guest = joined(&server, &host).await;
    let by_guest = Upload { member: guest.clone(), ..upload.clone() };

    // The guest's ends with their token, the host's goes on to its end.
    let (theirs, ours) = (Open::new(&server, &by_guest).await, Open::new(&server, &upload).await);
    let link = by_guest.link().await;
    assert_eq!(remove_user(&host, id(&guest)).await.0, 200);
    assert!(theirs.rest().await < SIZE);
    assert!(ours.rest().await > SIZE);
    refused(&read(server.client.get(&link).send().await.unwrap()).await, 403, "ExpiredLink");
    assert_eq!(upload.content().await.len(), SIZE);

    // The file is removed; the session is ended.
    let (first, second) = (host.file(&[&content]).await, Open::new(&server, &upload).await);
    let download = Open::new(&server, &first).await;
    assert_eq!(first.remove().await.0, 200);
    assert!(download.rest().await < SIZE);
    assert_eq!(host.ask(Method::DELETE, "/session/current").await.0, 200);
    assert!(second.rest().await < SIZE);
}

#[tokio::test]
async fn an_open_download_ends_when_the_session_expires() {
    let server = start(&[]).await;
    let host = server.session(json!({ "expiryDurationInSeconds": 10 })).await;
    let begun = Instant::now();
    let upload = host.file(&[&bytes(SIZE, 1)]).await;
    let download = Open::new(&server, &upload).await;
    tokio::time::sleep(Duration::from_millis(10_500).saturating_sub(begun.elapsed())).await;
    assert!(download.rest().await < SIZE);
}

#[tokio::test]
async fn a_host_ends_the_token_of_one_member() {
    let server = start(&[]).await;
    let host = server.session(json!({ "userCapacity": 3 })).await;
    let (ann, bob) = (joined(&server, &host).await, joined(&server, &host).await);
    let file = ann.file(&[b"abc"]).await;
    let upload = ann.upload(1, 1_000_000).await;

    refused(&remove_user(&ann, id(&bob)).await, 403, "AccessDenied");
    refused(&remove_user(&host, id(&host)).await, 400, "InvalidArgument");
    let stranger = server.session(json!({})).await;
    let upper = id(&ann).to_uppercase();
    for nobody in [id(&stranger), &"00".repeat(16), "x", "%00", "..%2f", &upper] {
        refused(&remove_user(&host, nobody).await, 404, "NoSuchUser");
    }
    fine(stranger.ask(Method::GET, "/session/current").await);

    // A part is under way when its member goes.
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         partNumber: 1\r\nkey: {}\r\nuploadId: {}\r\ncontent-length: 1000000\r\nexpect: 100-continue\r\n\r\n",
        ann.token, upload.key, upload.id
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    assert_eq!(remove_user(&host, id(&ann)).await.0, 200);
    socket.write_all(&bytes(1_000_000, 1)).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    refused(&ann.ask(Method::GET, "/buckets").await, 401, "InvalidToken");
    refused(&upload.put(1, b"abc").await, 401, "InvalidToken");
    refused(&file.download().await, 401, "InvalidToken");
    refused(&remove_user(&host, id(&ann)).await, 404, "NoSuchUser");
    // The others stay, the files too, and there is room for another member.
    let current = fine(bob.ask(Method::GET, "/session/current").await);
    assert_eq!(current["users"].as_array().unwrap().len(), 2);
    assert_eq!(Upload { member: bob, ..file }.content().await, b"abc");
    joined(&server, &host).await;
}

#[tokio::test]
async fn guests_may_be_kept_from_removing_the_files_of_others() {
    let server = start(&[]).await;
    for kept in [true, false] {
        let host = server.session(json!({ "guestsDeleteOwnFilesOnly": kept })).await;
        let shown = host.opened["rules"].get("guestsDeleteOwnFilesOnly");
        assert_eq!(shown, kept.then_some(&json!(true)), "a rule that is not set is not shown");
        let (ann, bob) = (joined(&server, &host).await, joined(&server, &host).await);
        let current = fine(ann.ask(Method::GET, "/session/current").await);
        assert_eq!(current.get("guestsDeleteOwnFilesOnly"), kept.then_some(&json!(true)));
        let (ours, anns) = (host.file(&[b"host"]).await, ann.file(&[b"ann"]).await);
        let by_bob = [&ours, &anns].map(|file| Upload { member: bob.clone(), ..file.clone() });
        for file in by_bob {
            let answer = file.remove().await;
            if kept {
                refused(&answer, 403, "AccessDenied");
            } else {
                assert_eq!(answer.0, 200);
            }
        }
        if kept {
            assert_eq!(ours.content().await, b"host");
            assert_eq!(anns.remove().await.0, 200);
            let bobs = bob.upload(1, 3).await;
            assert_eq!(Upload { member: host.clone(), ..bobs }.remove().await.0, 200);
            assert_eq!(ours.remove().await.0, 200);
        }
        let missing = Upload { member: bob.clone(), key: "00".repeat(16), id: String::new() };
        refused(&missing.remove().await, 404, "NoSuchKey");
    }
    let wrong = server.post("/v1/session", &json!({ "rules": { "guestsDeleteOwnFilesOnly": "yes" } })).await;
    refused(&wrong, 400, "MalformedJSON");
}
