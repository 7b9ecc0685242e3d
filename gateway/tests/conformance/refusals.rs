//! Refusals: their shape, and that browsers get to see them.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{bytes, read, refused, start};

#[tokio::test]
async fn json_is_bounded_and_must_say_that_it_is_json() {
    let server = start(&[]).await;
    let url = format!("{}/v1/session", server.url);
    let send = async |kind: Option<&str>, body: String| {
        let mut request = server.client.post(&url).body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        read(request.send().await.unwrap()).await
    };
    let json = Some("application/json");
    assert_eq!(send(Some("Application/JSON; charset=utf-8"), "{}".to_owned()).await.0, 200);
    for kind in [None, Some(""), Some("text/plain"), Some("application/jsonx"), Some("multipart/form-data")] {
        refused(&send(kind, "{}".to_owned()).await, 415, "InvalidRequest");
    }
    let padded = |length: usize| format!("{{}}{}", " ".repeat(length - 2));
    assert_eq!(send(json, padded(65_536)).await.0, 200);
    refused(&send(json, padded(65_537)).await, 413, "EntityTooLarge");
    refused(&send(json, padded(10_000_000)).await, 413, "EntityTooLarge");
    for wrong in ["", "{", "nul", "{}x", "<html>", "\u{0}"] {
        refused(&send(json, wrong.to_owned()).await, 400, "MalformedJSON");
    }
    for deep in ["[", "{\"a\":"] {
        refused(&send(json, format!("{{\"x\":{}", deep.repeat(10_000))).await, 400, "MalformedJSON");
    }
    // Nothing of the body is repeated in a refusal.
    let (_, answer) = send(json, r#"{"rules": {"maxFiles": "canary"}}"#.to_owned()).await;
    assert!(!answer.to_string().contains("canary"), "{answer}");
    // Without a Content-Length too.
    let chunk = format!("{:x}\r\n{}\r\n", 40_000, " ".repeat(40_000));
    let answer = server
        .raw(&format!(
            "POST /v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n\
             transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
        ))
        .await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_refused_as_everything_else() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    for path in ["/", "/nothing", "/bucket", "/buckets/file/", "/buckets/a/b", "/session", "//", "/session/current/"] {
        let method = if path == "/session" { Method::PATCH } else { Method::GET };
        let answer = member.ask(method, path).await;
        assert!(matches!(answer.0.as_u16(), 404 | 405), "{path}: {answer:?}");
        refused(&answer, answer.0.as_u16(), answer.1["code"].as_str().unwrap());
    }
    for (method, path) in [
        (Method::PATCH, "/buckets"),
        (Method::DELETE, "/buckets"),
        (Method::PUT, "/session"),
        (Method::GET, "/buckets/complete"),
        (Method::POST, "/buckets/file/x"),
        (Method::PUT, "/link/x"),
    ] {
        refused(&member.ask(method, path).await, 405, "MethodNotAllowed");
    }
    let answer = server.client.get(format!("{}/index.html", server.url)).send().await.unwrap();
    refused(&read(answer).await, 404, "NoSuchResource");
}

#[tokio::test]
async fn a_large_part_refused_early_is_read_and_the_refusal_seen() {
    let server = start(&[]).await;
    let member = server.session(json!({"maxTotalMegaBytes": 100})).await;
    let large = bytes(20_000_000, 1);
    let upload = member.upload(1, 20_000_000).await;
    let stranger = crate::server::Upload {
        member: crate::server::Member { token: "A".repeat(64), ..member.clone() },
        ..upload.clone()
    };
    refused(&stranger.put(1, &large).await, 401, "InvalidToken");
    let missing = crate::server::Upload { key: "0".repeat(32), ..upload.clone() };
    refused(&missing.put(1, &large).await, 404, "NoSuchUpload");
    refused(&upload.put(2, &large).await, 400, "InvalidArgument");
    refused(&member.upload(1, 5).await.put(1, &large).await, 413, "EntityTooLarge");
    let whole = member.file(&[b"abc"]).await;
    refused(&whole.put(1, &large).await, 409, "InvalidObjectState");
}

/// A client that, as browsers do, sends its whole body before it looks at the answer, then uses the connection again.
#[tokio::test]
async fn a_refused_connection_can_be_used_again() {
    let server = start(&[]).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let body = vec![0_u8; 8_000_000];
    for _ in 0..2 {
        let head = format!(
            "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer x\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&body).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = socket.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 401") && !answer.contains("connection: close"), "{answer}");
    }
}

/// For clients that read while they send, as Firefox does, and for those that send everything first, as Chromium does.
#[tokio::test]
async fn a_refusal_comes_before_the_body_and_its_connection_is_not_reset() {
    let server = start(&[]).await;
    let host = server.session(json!({})).await;
    let guest = crate::server::fine(server.join(&json!({ "sessionId": host.session_id() })).await);
    let guest = server.member(guest);
    let upload = host.upload(1, 5).await;
    let part = |token: &str, key: &str| {
        let id = &upload.id;
        format!("PUT /v1/buckets\nauthorization: Bearer {token}\npartNumber: 1\nkey: {key}\nuploadId: {id}")
    };
    for (head, status) in [
        (part("x", &upload.key), 401),
        (format!("DELETE /v1/session/current\nauthorization: Bearer {}", guest.token), 403),
        (part(&host.token, &"0".repeat(32)), 404),
        (part(&host.token, &upload.key), 413),
    ] {
        let head = head.replacen('\n', " HTTP/1.1\nhost: localhost\ncontent-length: 16000000\n", 1);
        let head = head.replace('\n', "\r\n") + "\r\n\r\n";
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        let block = vec![0_u8; 1_000_000];
        socket.write_all(&block).await.unwrap();
        let mut answer = vec![0; 4096];
        let reading = tokio::time::timeout(Duration::from_secs(3), socket.read(&mut answer));
        let length = reading.await.expect("the refusal waits for the body").unwrap();
        let text = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")) && text.contains("connection: close"), "{text}");
        for sent in 1..16 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            socket.write_all(&block).await.unwrap_or_else(|error| panic!("{status} after {sent} MB: {error}"));
        }
        // The end, not a reset.
        let ending = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut answer));
        ending.await.expect("the connection stays open").unwrap();
    }
}

#[tokio::test]
async fn only_so_much_is_read_of_a_refused_body() {
    let server = start(&["--drain-limit", "1MiB"]).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head =
        "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer x\r\ncontent-length: 1000000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let block = vec![0_u8; 65_536];
    let mut sent = 0_u64;
    let written = async {
        while socket.write_all(&block).await.is_ok() {
            sent += block.len() as u64;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), written).await.expect("the server reads on and on");
    // What the sockets' buffers took comes on top.
    assert!(sent < 50_000_000, "{sent}");
    // Who asks before sending is told at once, and sends nothing.
    let asking =
        "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 1000000000\r\n\r\n";
    let answer = tokio::time::timeout(Duration::from_secs(5), server.raw(asking)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}
