//! Slow clients: every way to hold a connection open ends, with limits of one second.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{Server, bytes, start};

const LIMITS: [&str; 6] = ["--header-timeout", "1s", "--body-timeout", "1s", "--min-rate", "1KiB"];

/// Sends `head` at once, then `drip` bytes each tenth of a second, until the server ends the connection.
/// Gives what it answered, and how long that took.
async fn hold(server: &Server, head: &str, drip: &[u8]) -> (String, Duration) {
    let begun = Instant::now();
    let socket = TcpStream::connect(server.address).await.unwrap();
    let (mut reading, mut writing) = socket.into_split();
    let dripping = async {
        writing.write_all(head.as_bytes()).await.unwrap();
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            // Fails once the server has closed; what it said can still be read.
            if !drip.is_empty() && writing.write_all(drip).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut answer = Vec::new();
    let reading = reading.read_to_end(&mut answer);
    let ended = async {
        tokio::select! {
            () = dripping => unreachable!("it drips for ever"),
            // A reset is an end too.
            _ = reading => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("the connection stays open");
    (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed())
}

fn soon(took: Duration) {
    assert!((Duration::from_millis(900)..Duration::from_secs(5)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn heads_that_do_not_come_end_the_connection() {
    let server = start(&LIMITS).await;
    let request = "GET /v1/none HTTP/1.1\r\nhost: localhost\r\n";
    let waits = [
        ("", &b""[..]),
        ("G", b""),
        (request, b""),
        (request, b"x"),
        ("", b"G"),
        // After an answer: silent, and dripping.
        (&format!("{request}\r\n"), b""),
        (&format!("{request}\r\n{request}"), b"x"),
    ];
    let results = crate::sessions::futures(waits.len(), |index| hold(&server, waits[index].0, waits[index].1)).await;
    for (index, (answer, took)) in results.into_iter().enumerate() {
        soon(took);
        assert_eq!(answer.contains("404 Not Found"), index >= 5, "{answer}");
    }
}

#[tokio::test]
async fn bodies_that_stand_still_or_drip_are_given_up() {
    let server = start(&LIMITS).await;
    let member = server.session(json!({})).await;
    let upload = member.upload(1, 100_000).await;
    let put = |token: &str| {
        format!(
            "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\npartNumber: 1\r\n\
             key: {}\r\nuploadId: {}\r\ncontent-length: 100000\r\n\r\nbegin",
            upload.key, upload.id
        )
    };
    let session = "POST /v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let json = format!("{session}content-length: 1000\r\n\r\n{{");
    let chunked = format!("{session}transfer-encoding: chunked\r\n\r\n5\r\n{{    \r\n");
    let (valid, wrong) = (put(&member.token), put("x"));
    let waits = [
        (&valid, &b""[..], "408"),
        (&valid, b"x", "408"),
        (&json, b"", "408"),
        (&json, b" ", "408"),
        (&chunked, b"", "408"),
        (&chunked, b"1\r\n \r\n", "408"),
        // What is read of a refused body only to be thrown away.
        (&wrong, b"", "401"),
        (&wrong, b"x", "401"),
    ];
    let results = crate::sessions::futures(waits.len(), |index| hold(&server, waits[index].0, waits[index].1)).await;
    for ((answer, took), (head, drip, status)) in results.into_iter().zip(waits) {
        soon(took);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{head} {drip:?}: {answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert_eq!(answer.contains("\"retryable\":true"), status == "408", "{answer}");
    }
    // A slow body that is fast enough arrives.
    let body = "x".repeat(100_000);
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = valid.strip_suffix("begin").unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    for piece in body.as_bytes().chunks(4000) {
        socket.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn connections_are_counted_and_slow_ones_make_room() {
    let server = start(&[&LIMITS[..], &["--max-connections", "2"]].concat()).await;
    let silent = [TcpStream::connect(server.address).await.unwrap(), TcpStream::connect(server.address).await.unwrap()];
    let begun = Instant::now();
    let answer = server.raw("GET /v1/none HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404"));
    soon(begun.elapsed());
    drop(silent);
}

#[tokio::test]
async fn a_reader_who_takes_nothing_is_given_up() {
    let server = start(&[&LIMITS[..], &["--max-connections", "1"]].concat()).await;
    let link = {
        let content = bytes(40_000_000, 1);
        let member = server.session(json!({})).await;
        member.file(&[&content]).await.link().await
    };
    // The one connection is the pooled one of the client, until the head timer ends it.
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let target = link.strip_prefix(&server.url).unwrap();
    socket.write_all(format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let mut first = [0; 12];
    socket.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let begun = Instant::now();
    let answer = server.raw("GET /v1/none HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404"));
    soon(begun.elapsed());
}
