//! Signed download links.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::server::{Server, bytes, fine, read, refused, start};

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

async fn get(server: &Server, link: &str) -> Response {
    server.client.get(link).send().await.unwrap()
}

#[tokio::test]
async fn a_link_gives_an_attachment_and_nothing_that_runs() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let started = fine(member.start(1, 25, "a \"b\"/:<ä>.html").await);
    let upload = crate::server::Upload {
        member,
        key: started["fileKey"].as_str().unwrap().to_owned(),
        id: started["uploadId"].as_str().unwrap().to_owned(),
    };
    let tag = upload.tag(1, b"<script>alert(1)</script>").await;
    fine(upload.complete(&[tag]).await);
    let link = upload.link().await;
    assert!(link.starts_with(&format!("{}/v1/link/{}?expires=", server.url, upload.key)));
    assert!(!link.contains(&upload.member.token) && !link.contains(upload.member.session_id()));
    for method in ["GET", "HEAD"] {
        let response = server.client.request(method.parse().unwrap(), &link).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        for (name, value) in [
            ("content-length", "25"),
            ("content-type", "application/octet-stream"),
            (
                "content-disposition",
                "attachment; filename=\"a _b______.html\"; filename*=UTF-8''a%20_b____%C3%A4_.html",
            ),
            ("content-security-policy", "sandbox; default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "private, no-store"),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(text(&headers, name), value, "{method} {name}");
        }
        let body = response.bytes().await.unwrap();
        assert_eq!(body.len(), if method == "GET" { 25 } else { 0 });
    }
}

#[tokio::test]
async fn every_changed_byte_is_noticed() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let (upload, other) = (member.file(&[b"abc"]).await, member.file(&[b"def"]).await);
    let link = upload.link().await;
    let target = link.strip_prefix(&server.url).unwrap();
    let start_of_key = "/v1/link/".len();
    for index in start_of_key..target.len() {
        for bit in [0, 1, 5] {
            let mut changed = target.as_bytes().to_vec();
            changed[index] ^= 1 << bit;
            let changed = String::from_utf8(changed).unwrap();
            if changed.contains([' ', '#', '"', '<', '>', '`', '{', '}', '^', '|', '\\', '\u{7f}'])
                || !changed.is_ascii()
            {
                continue;
            }
            let answer =
                server.raw(&format!("GET {changed} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await;
            let status = &answer[9..12];
            // A byte that becomes a slash makes another address.
            assert!(matches!(status, "403" | "404" | "400"), "{changed}: {answer}");
            assert!(!answer.ends_with("abc"), "{changed}");
        }
    }
    let (path, query) = link.split_once('?').unwrap();
    let (expires, signature) = query.split_once('&').unwrap();
    let time: u64 = expires.strip_prefix("expires=").unwrap().parse().unwrap();
    for forged in [
        format!("{path}?expires={}&{signature}", time + 1),
        format!("{path}?expires={}&{signature}", time * 10),
        format!("{path}?expires=0{time}&{signature}"),
        format!("{path}?expires=%2B{time}&{signature}"),
        format!("{path}?{expires}"),
        format!("{path}?{signature}"),
        path.to_owned(),
        format!("{path}?{expires}&{signature}&{signature}"),
        format!("{path}?{expires}&{expires}&{signature}"),
        format!("{path}?{expires}&{signature}&more=1"),
        format!("{path}?{expires}&signature="),
        format!("{path}?{expires}&{signature}="),
        format!("{path}?{expires}&{}", &signature[..signature.len() - 1]),
        format!("{}?{query}", path.replace(&upload.key, &other.key)),
        format!("{}?{query}", path.replace(&upload.key, "0123456789abcdef0123456789abcdef")),
        format!("{}?{query}", path.replace(&upload.key, &upload.key.to_uppercase())),
    ] {
        refused(&read(get(&server, &forged).await).await, 403, "SignatureDoesNotMatch");
    }
    let turned = format!("{path}?{signature}&{expires}");
    assert_eq!(get(&server, &turned).await.bytes().await.unwrap(), "abc");
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = server.client.request(method.parse().unwrap(), &link).send().await.unwrap();
        assert_eq!(answer.status(), 405);
    }
    // A link of one gateway is nothing to another.
    let stranger = start(&[]).await;
    let elsewhere = link.replace(&server.url, &stranger.url);
    refused(&read(get(&stranger, &elsewhere).await).await, 403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn links_end() {
    let server = start(&["--link-life", "1s"]).await;
    let member = server.session(json!({})).await;
    let (upload, other) = (member.file(&[b"abc"]).await, member.file(&[b"def"]).await);
    let old = upload.link().await;
    tokio::time::sleep(Duration::from_millis(2010)).await;
    refused(&read(get(&server, &old).await).await, 403, "ExpiredLink");
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let (upload, other) = (member.file(&[b"abc"]).await, {
        drop(other);
        member.file(&[b"def"]).await
    });
    let (first, second) = (upload.link().await, other.link().await);
    assert_eq!(get(&server, &first).await.status(), 200);
    upload.remove().await;
    refused(&read(get(&server, &first).await).await, 404, "NoSuchKey");
    assert_eq!(get(&server, &second).await.status(), 200);
    member.ask(reqwest::Method::DELETE, "/session/current").await;
    refused(&read(get(&server, &second).await).await, 404, "NoSuchKey");
}

#[tokio::test]
async fn ranges_cross_the_seams_of_parts() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let content = bytes(1_000_000, 5);
    let parts: Vec<&[u8]> =
        vec![&content[..400_000], &content[400_000..400_001], &content[400_001..999_999], &content[999_999..]];
    let link = member.file(&parts).await.link().await;
    let size = content.len();
    for (first, last) in [
        (0, 0),
        (0, 999_999),
        (399_999, 400_001),
        (400_000, 400_000),
        (400_001, 999_998),
        (999_999, 999_999),
        (262_143, 262_145),
        (5, 900_000),
    ] {
        let response = server.client.get(&link).header("range", format!("bytes={first}-{last}")).send().await.unwrap();
        assert_eq!(response.status(), 206);
        assert_eq!(text(response.headers(), "content-range"), format!("bytes {first}-{last}/{size}"));
        assert_eq!(text(response.headers(), "content-length"), (last - first + 1).to_string());
        assert!(response.bytes().await.unwrap() == content[first..=last], "{first}-{last}");
    }
    for (range, first, end) in [
        ("bytes=0-", 0, size),
        ("bytes=999990-", 999_990, size),
        ("bytes=-7", size - 7, size),
        ("bytes=-9999999", 0, size),
        ("bytes=10-9999999999999999999999", 10, size),
    ] {
        let response = server.client.get(&link).header("range", range).send().await.unwrap();
        assert_eq!((response.status().as_u16(), range), (206, range));
        assert!(response.bytes().await.unwrap() == content[first..end], "{range}");
    }
    for range in ["bytes=1000000-", "bytes=1000000-1000001", "bytes=-0", "bytes=99999999999999999999999-"] {
        let response = server.client.get(&link).header("range", range).send().await.unwrap();
        assert_eq!(text(response.headers(), "content-range"), format!("bytes */{size}"));
        refused(&read(response).await, 416, "InvalidRange");
    }
    let flood = format!("bytes={}", vec!["0-"; 1000].join(","));
    for range in ["bytes=0-1,5-6", &flood, "bytes=2-1", "bytes=", "lines=0-1", "bytes=x-y", "0-1"] {
        let response = server.client.get(&link).header("range", range).send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", &range[..range.len().min(20)]);
        assert_eq!(response.content_length(), Some(size as u64));
    }
    let head = server.client.head(&link).header("range", "bytes=0-1").send().await.unwrap();
    assert_eq!((head.status().as_u16(), text(head.headers(), "content-length")), (200, "1000000"));
    let etag = text(head.headers(), "etag").to_owned();
    for (seen, status) in [(etag.as_str(), 206), ("\"other\"", 200), ("Tue, 24 Nov 2026 00:00:00 GMT", 200)] {
        let request = server.client.get(&link).header("range", "bytes=0-1").header("if-range", seen);
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{seen}");
    }
    let empty = member.file(&[b""]).await.link().await;
    assert_eq!(get(&server, &empty).await.content_length(), Some(0));
    let response = server.client.get(&empty).header("range", "bytes=0-").send().await.unwrap();
    assert_eq!((response.status().as_u16(), text(response.headers(), "content-range")), (416, "bytes */0"));
}

#[tokio::test]
async fn links_point_to_where_the_client_is_or_to_the_public_address() {
    let server = start(&[]).await;
    let upload = server.session(json!({})).await.file(&[b"abc"]).await;
    let port = server.address.port();
    let token = &upload.member.token;
    let target = format!("/v1/buckets/download/{}", upload.key);
    let answer = server
        .raw(&format!("GET {target} HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"))
        .await;
    assert!(answer.contains(&format!("{{\"url\":\"http://localhost:{port}/v1/link/")), "{answer}");
    let server = start(&["--public-url", "https://files.example/store/"]).await;
    let upload = server.session(json!({})).await.file(&[b"abc"]).await;
    assert!(upload.link().await.starts_with("https://files.example/store/v1/link/"));
}
