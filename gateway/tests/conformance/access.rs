//! Who may reach what: tokens, other sessions' files, hostile IDs.

use base64::Engine as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Answer, Folder, Upload, bytes, read, refused, start};

/// Every request that names a file.
async fn about(upload: &Upload) -> Vec<Answer> {
    vec![
        upload.info().await,
        upload.download().await,
        upload.put(1, b"abc").await,
        upload.complete(&["\"x\"".to_owned()]).await,
        upload.remove().await,
    ]
}

fn without_request_id((status, mut body): Answer) -> (StatusCode, Value) {
    body.as_object_mut().unwrap().remove("requestId").unwrap();
    (status, body)
}

#[tokio::test]
async fn a_foreign_file_answers_as_a_missing_one() {
    let server = start(&[]).await;
    let (ann, eve) = (server.session(json!({})).await, server.session(json!({})).await);
    let whole = ann.file(&[b"abc"]).await;
    let partial = ann.upload(1, 3).await;
    let missing = Upload { member: eve.clone(), key: "00".repeat(16), id: "11".repeat(16) };
    let nothing: Vec<_> = about(&missing).await.into_iter().map(without_request_id).collect();
    assert!(nothing.iter().all(|answer| answer.0 == 404));
    for upload in [&whole, &partial] {
        let stolen = Upload { member: eve.clone(), ..upload.clone() };
        let answers: Vec<_> = about(&stolen).await.into_iter().map(without_request_id).collect();
        assert_eq!(answers, nothing);
    }
    assert_eq!(eve.list().await, Vec::<Value>::new());
    // Nothing of it had an effect.
    assert_eq!(ann.list().await.len(), 2);
    assert_eq!(whole.content().await, b"abc");
    // A guest of the session does reach it.
    let guest = server.member(server.join(&json!({"sessionId": ann.session_id()})).await.1);
    let shared = Upload { member: guest, ..whole };
    assert_eq!(shared.content().await, b"abc");
    refused(&Upload { id: partial.id, ..shared }.put(1, b"abc").await, 404, "NoSuchUpload");
}

#[tokio::test]
async fn only_the_token_itself_opens_anything() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let token = member.token.clone();
    let other = server.session(json!({})).await.token;
    let flipped = format!("{}{}", &token[..63], if token.ends_with('A') { 'B' } else { 'A' });
    let mixed = format!("{}{}", &token[..22], &other[22..]);
    let authorizations = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {}", &token[1..]),
        format!("Bearer {}", &token[..63]),
        format!("Bearer {token}A"),
        format!("Bearer  {token}"),
        format!("Bearer {token}="),
        format!("Bearer {flipped}"),
        format!("Bearer {mixed}"),
        format!("Basic {token}"),
        format!("Bearer{token}"),
        token.clone(),
        format!("Bearer {}", member.session_id()),
        format!("Bearer {token},Bearer {token}"),
    ];
    let routes = [
        (Method::GET, "/session/current"),
        (Method::DELETE, "/session/current"),
        (Method::GET, "/buckets"),
        (Method::POST, "/buckets"),
        (Method::PUT, "/buckets"),
        (Method::POST, "/buckets/complete"),
        (Method::DELETE, "/buckets/x"),
        (Method::GET, "/buckets/file/x"),
        (Method::GET, "/buckets/download/x"),
    ];
    for (method, path) in routes {
        let url = format!("{}/v1{path}", server.url);
        let bare = server.client.request(method.clone(), &url).send().await.unwrap();
        assert_eq!(bare.headers()["www-authenticate"], "Bearer");
        refused(&read(bare).await, 401, "InvalidToken");
        for authorization in &authorizations {
            let request = server.client.request(method.clone(), &url).header("authorization", authorization);
            refused(&read(request.send().await.unwrap()).await, 401, "InvalidToken");
        }
        let twice = member.request(method, path).header("authorization", format!("Bearer {token}"));
        refused(&read(twice.send().await.unwrap()).await, 401, "InvalidToken");
    }
    let nul = format!(
        "GET /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\0\r\nconnection: close\r\n\r\n"
    );
    assert!(server.raw(&nul).await.starts_with("HTTP/1.1 400"));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let request = server.client.get(format!("{}/v1/buckets", server.url));
        let request = request.header("authorization", format!("{scheme} {token}"));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn hostile_ids_are_the_ids_of_nothing() {
    let data = Folder::new("hostile");
    let server = start(&["--data", data.text()]).await;
    let member = server.session(json!({})).await;
    let upload = member.file(&[&bytes(100, 1)]).await;
    let before = data.files();
    let mut ids: Vec<String> = [
        "..",
        ".",
        "%2e%2e",
        "..%2f",
        "..%2f..%2fmeta.redb",
        "%00",
        "%ff",
        "%",
        "%zz",
        "a%00b",
        "%2e%2e%2f%2e%2e",
        "..%5c..",
        "~",
        "*",
        "'",
        "%22",
        "%3Cscript%3E",
        "null",
        "undefined",
        "0",
        "-1",
        "%20",
        "%0d%0aX:%20y",
        "a%2fb",
        "file",
        "download",
        "complete",
        "%F0%9F%98%80",
        "..;",
        "%252e%252e",
    ]
    .map(str::to_owned)
    .to_vec();
    ids.extend([upload.key.to_uppercase(), format!("{}00", upload.key), format!("{}%00", upload.key)]);
    ids.extend([format!("{}/", upload.key), format!("%20{}", upload.key), "a".repeat(5000)]);
    let ask = async |method: &str, path: String, headers: String| {
        let token = &member.token;
        let answer = server
            .raw(&format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n{headers}\r\n"
            ))
            .await;
        let status = answer.get(9..12).unwrap_or_default().parse::<u16>().unwrap();
        assert!(matches!(status, 400 | 404 | 405), "{method} {path}: {answer}");
        assert!(!answer.contains(data.text()) && !answer.contains("redb"), "{answer}");
    };
    for id in &ids {
        ask("GET", format!("/v1/buckets/file/{id}"), String::new()).await;
        ask("GET", format!("/v1/buckets/download/{id}"), String::new()).await;
        ask("DELETE", format!("/v1/buckets/{id}"), String::new()).await;
        let signed = format!("/v1/link/{id}?expires=9999999999&signature={}", "A".repeat(43));
        let answer =
            server.raw(&format!("GET {signed} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await;
        assert!(matches!(&answer[9..12], "400" | "403" | "404"), "{answer}");
        let upload_id = &upload.id;
        let headers = format!("content-length: 0\r\npartNumber: 1\r\nkey: {id}\r\nuploadId: {upload_id}\r\n");
        ask("PUT", "/v1/buckets".to_owned(), headers).await;
        let key = &upload.key;
        let headers = format!("content-length: 0\r\npartNumber: 1\r\nkey: {key}\r\nuploadId: {id}\r\n");
        if id != upload_id {
            let answer = server
                .raw(&format!(
                    "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nconnection: close\r\n{headers}\r\n",
                    member.token
                ))
                .await;
            assert!(matches!(&answer[9..12], "400" | "404"), "{answer}");
        }
    }
    assert_eq!(data.files(), before, "nothing was made or removed");
    assert_eq!(upload.content().await, bytes(100, 1));
}

#[tokio::test]
async fn the_store_holds_no_token_no_session_id_no_password() {
    let data = Folder::new("secrets");
    let server = start(&["--data", data.text()]).await;
    let host = server.session(json!({"password": "open sesame"})).await;
    let body = json!({"sessionId": host.session_id(), "password": "open sesame"});
    let guest = server.member(server.join(&body).await.1);
    host.file(&[b"abc"]).await;
    let stored = std::fs::read(data.0.join("meta.redb")).unwrap();
    let holds = |text: &[u8]| stored.windows(text.len()).any(|window| window == text);
    assert!(holds(b"pw1.name"), "the scan sees what is stored");
    for secret in [host.session_id(), "open sesame", &host.token, &guest.token] {
        assert!(!holds(secret.as_bytes()));
    }
    // Nor their bytes, in the form in which rows hold bytes. The first 16 of a token are its member's ID.
    for (secret, from) in [(host.session_id(), 0), (&host.token, 16), (&guest.token, 16)] {
        let secret = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(secret).unwrap();
        let row = serde_json::to_string(&secret[from..from + 8]).unwrap();
        assert!(!holds(row.trim_matches(['[', ']']).as_bytes()));
    }
    for file in data.files() {
        assert!(!file.contains(host.session_id()) && !file.contains("name"), "{file}");
    }
}
