//! Parts: any order, replaced whole, of a bounded size, never half stored.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::server::{Folder, Upload, bytes, fine, read, refused, start};
use crate::sessions::futures;

#[tokio::test]
async fn a_file_goes_in_and_comes_out() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let parts = [bytes(3_000_000, 1), bytes(3_000_000, 2), bytes(1_234_567, 3)];
    let size = parts.iter().map(Vec::len).sum::<usize>();
    let upload = member.upload(3, size as u64).await;
    let mut expected = json!({
        "creatorId": member.opened["credentials"]["id"], "completed": false, "fileKey": upload.key,
        "fileName": "pw1.name", "totalParts": 3, "originalSizeInBytes": size,
    });
    assert_eq!(fine(upload.info().await), expected);
    refused(&upload.download().await, 409, "InvalidObjectState");
    let mut tags = vec![String::new(); 3];
    for number in [3, 1, 2] {
        tags[number - 1] = upload.tag(number as u64, &parts[number - 1]).await;
    }
    let completed = fine(upload.complete(&tags).await);
    expected["completed"] = json!(true);
    assert_eq!(completed, expected);
    assert_eq!(fine(upload.info().await), expected);
    assert_eq!(member.list().await, [expected]);
    assert_eq!(upload.content().await, parts.concat());
    let (status, body) = upload.remove().await;
    assert_eq!((status.as_u16(), body), (200, Value::Null));
    refused(&upload.remove().await, 404, "NoSuchKey");
    refused(&upload.info().await, 404, "NoSuchKey");
    assert_eq!(member.list().await, Vec::<Value>::new());
}

#[tokio::test]
async fn tags_are_quoted_and_say_what_the_part_holds() {
    let server = start(&[]).await;
    let upload = server.session(json!({})).await.upload(3, 9).await;
    let response = upload.part(1).body("abc").send().await.unwrap();
    let etag = response.headers()["etag"].to_str().unwrap().to_owned();
    let (_, stored) = read(response).await;
    assert_eq!(stored, json!({"tag": etag, "partNumber": 1}));
    // The first half of the SHA-256 of "abc" (FIPS 180-4's example).
    assert_eq!(etag, "\"ba7816bf8f01cfea414140de5dae2223\"");
    assert_eq!(upload.tag(1, b"abc").await, etag, "the same bytes again");
    assert_eq!(upload.tag(2, b"abc").await, etag, "the same bytes elsewhere");
    assert_ne!(upload.tag(1, b"abd").await, etag);
}

#[tokio::test]
async fn parts_in_parallel_and_the_list_in_the_order_of_starts() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let content = bytes(24 * 10_000, 9);
    let parts: Vec<&[u8]> = content.chunks(10_000).collect();
    let uploads = [member.upload(24, 240_000).await, member.upload(24, 240_000).await];
    let stored = futures(48, |index| uploads[index % 2].tag(index as u64 / 2 + 1, parts[index / 2])).await;
    for (turn, upload) in uploads.iter().enumerate() {
        let tags: Vec<String> = stored.iter().skip(turn).step_by(2).cloned().collect();
        fine(upload.complete(&tags).await);
        assert_eq!(upload.content().await, content);
    }
    let keys: Vec<Value> = member.list().await.iter().map(|file| file["fileKey"].clone()).collect();
    assert_eq!(keys, [json!(uploads[0].key), json!(uploads[1].key)]);
}

#[tokio::test]
async fn an_empty_file_is_one_empty_part() {
    let server = start(&["--min-part-size", "5MiB"]).await;
    let member = server.session(json!({})).await;
    let upload = member.upload(1, 0).await;
    refused(&upload.complete(&[]).await, 400, "InvalidPart");
    let tag = upload.tag(1, b"").await;
    fine(upload.complete(&[tag]).await);
    assert_eq!(upload.content().await, b"");
    refused(&member.start(2, 0, "x").await, 400, "InvalidArgument");
    refused(&member.upload(1, 0).await.put(1, b"x").await, 413, "EntityTooLarge");
}

#[tokio::test]
async fn a_part_sent_again_replaces_the_first_even_in_a_race() {
    let data = Folder::new("replace");
    let server = start(&["--data", data.text()]).await;
    let upload = server.session(json!({})).await.upload(1, 200_000).await;
    let versions: Vec<Vec<u8>> = (0..8).map(|seed| bytes(200_000, seed)).collect();
    upload.tag(1, b"shorter").await;
    let tags = futures(8, |index| upload.tag(1, &versions[index])).await;
    assert_eq!(data.files().iter().filter(|file| file.starts_with("parts/")).count(), 1);
    assert!(!data.files().iter().any(|file| file.starts_with("incoming/")));
    // Exactly one of the tags is the one that counts, and its bytes are whole.
    let mut won = Vec::new();
    for (index, tag) in tags.iter().enumerate() {
        if upload.complete(std::slice::from_ref(tag)).await.0 == 200 {
            won.push(index);
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(upload.content().await, versions[won[0]]);
    refused(&upload.put(1, &versions[0]).await, 409, "InvalidObjectState");
    assert_eq!(upload.content().await, versions[won[0]]);
}

#[tokio::test]
async fn real_bytes_are_bounded_by_the_declared_size() {
    let data = Folder::new("bounded");
    let server = start(&["--data", data.text(), "--max-part-size", "80"]).await;
    let upload = server.session(json!({})).await.upload(3, 100).await;
    refused(&upload.put(1, &[0; 81]).await, 413, "EntityTooLarge");
    upload.tag(1, &[0; 60]).await;
    refused(&upload.put(2, &[0; 41]).await, 413, "EntityTooLarge");
    // A part that replaces another may use what that one used.
    upload.tag(1, &[0; 80]).await;
    upload.tag(1, &[0; 60]).await;
    upload.tag(2, &[0; 40]).await;
    refused(&upload.put(3, &[0; 1]).await, 413, "EntityTooLarge");
    // Without a Content-Length the bytes are counted as they come.
    let key = &upload.key;
    let chunk = format!("{:x}\r\n{}\r\n", 50_000, "x".repeat(50_000));
    let answer = server
        .raw(&format!(
            "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             partNumber: 2\r\nkey: {key}\r\nuploadId: {}\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n",
            upload.member.token, upload.id
        ))
        .await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("EntityTooLarge"), "{answer}");
    // Racing for the same room: never more than declared.
    let upload = upload.member.upload(10, 100).await;
    let racing = futures(10, |index| async move { index }).await;
    let answers = futures(racing.len(), |index| {
        let upload = upload.clone();
        async move { upload.put(index as u64 + 1, &[0; 30]).await }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.0 == 200).count(), 3);
    answers.iter().filter(|answer| answer.0 != 200).for_each(|answer| refused(answer, 413, "EntityTooLarge"));
    assert_eq!(data.files().iter().filter(|file| file.contains('-')).count(), 5);
}

#[tokio::test]
async fn numbers_keys_and_ids_are_checked() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let upload = member.upload(2, 10).await;
    let put = |number: &str, key: &str, id: &str| {
        let request = member.request(Method::PUT, "/buckets").header("partNumber", number).header("key", key);
        let request = request.header("uploadId", id).body("x");
        async { read(request.send().await.unwrap()).await }
    };
    for number in ["0", "3", "10001", "-1", "1.0", "", "one", "4294967297", "99999999999999999999", " "] {
        refused(&put(number, &upload.key, &upload.id).await, 400, "InvalidArgument");
    }
    for key in ["", "..", "x", &upload.key[1..], &upload.id, &upload.key.to_uppercase()] {
        refused(&put("1", key, &upload.id).await, 404, "NoSuchUpload");
    }
    for id in ["", "x", &upload.key, &upload.id[1..]] {
        refused(&put("1", &upload.key, id).await, 404, "NoSuchUpload");
    }
    for missing in ["partNumber", "key", "uploadId"] {
        let mut request = member.request(Method::PUT, "/buckets").body("x");
        for (name, value) in [("partNumber", "1"), ("key", &upload.key), ("uploadId", &upload.id)] {
            if name != missing {
                request = request.header(name, value);
            }
        }
        refused(&read(request.send().await.unwrap()).await, 400, "InvalidArgument");
    }
    let twice = upload.part(1).header("partNumber", "2").body("x");
    refused(&read(twice.send().await.unwrap()).await, 400, "InvalidArgument");
    // The key may be percent-encoded, wholly or in part.
    let encoded: String = upload.key.bytes().map(|byte| format!("%{byte:02X}")).collect();
    fine(put("1", &encoded, &upload.id).await);
    let (first, rest) = upload.key.split_at(1);
    fine(put("1", &format!("%{:02x}{rest}", first.as_bytes()[0]), &upload.id).await);
}

#[tokio::test]
async fn what_a_start_declares_is_checked() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let start =
        async |body: Value| read(member.request(Method::POST, "/buckets").json(&body).send().await.unwrap()).await;
    for parts in [0, 10_001, u64::from(u32::MAX)] {
        refused(&start(json!({"totalParts": parts, "originalSizeInBytes": 5})).await, 400, "InvalidArgument");
    }
    for size in [json!(u64::MAX), json!(i64::MAX as u64 + 1)] {
        refused(&start(json!({"totalParts": 1, "originalSizeInBytes": size})).await, 400, "InvalidArgument");
    }
    for wrong in [
        json!({"totalParts": -1, "originalSizeInBytes": 5}),
        json!({"totalParts": 1, "originalSizeInBytes": -5}),
        json!({"totalParts": 1}),
        json!({"originalSizeInBytes": 1}),
        json!({"totalParts": "1", "originalSizeInBytes": 1}),
        json!({"totalParts": 1, "originalSizeInBytes": 1.5}),
        json!({"totalParts": 1, "originalSizeInBytes": 1, "encryptedName": 5}),
        json!([]),
        json!("x"),
        Value::Null,
    ] {
        refused(&start(wrong).await, 400, "MalformedJSON");
    }
    refused(&member.start(1, 1, &"x".repeat(4097)).await, 400, "KeyTooLongError");
    fine(member.start(1, 1, &"x".repeat(4096)).await);
    fine(member.start(10_000, 10_000, "x").await);
    // The name may be null or absent, and any text without control characters comes back as it was sent.
    fine(start(json!({"totalParts": 1, "originalSizeInBytes": 1, "encryptedName": null, "unknown": {}})).await);
    fine(start(json!({"totalParts": 1, "originalSizeInBytes": 1})).await);
    let odd = "\u{a0}\"<script>\u{202e}😀../..";
    fine(member.start(1, 1, odd).await);
    let names: Vec<Value> = member.list().await.iter().map(|file| file["fileName"].clone()).collect();
    assert_eq!(names[2..], [Value::Null, Value::Null, json!(odd)]);
}

#[tokio::test]
async fn a_part_whose_body_was_cut_is_not_stored() {
    let data = Folder::new("cut");
    let server = start(&["--data", data.text()]).await;
    let upload = server.session(json!({})).await.upload(1, 3_000_000).await;
    let head = |framing: &str| {
        format!(
            "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\npartNumber: 1\r\n\
             key: {}\r\nuploadId: {}\r\n{framing}\r\n\r\n",
            upload.member.token, upload.key, upload.id
        )
    };
    for (framing, body) in [
        ("content-length: 3000000", "x".repeat(2_000_000)),
        ("transfer-encoding: chunked", format!("{:x}\r\n{}", 2_000_000, "x".repeat(1_900_000))),
        ("transfer-encoding: chunked", format!("{:x}\r\n{}\r\n", 2_000_000, "x".repeat(2_000_000))),
        ("transfer-encoding: chunked", format!("{:x}\r\n{}\r\nzz\r\n", 2_000_000, "x".repeat(2_000_000))),
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(head(framing).as_bytes()).await.unwrap();
        socket.write_all(body.as_bytes()).await.unwrap();
        socket.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(socket);
    }
    for _ in 0..100 {
        if data.files() == ["meta.redb"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(data.files(), ["meta.redb"], "neither a part nor a temporary file");
    refused(&upload.complete(&["\"x\"".to_owned()]).await, 400, "InvalidPart");
    // A cut second try leaves the first in place.
    let tag = upload.tag(1, &bytes(3_000_000, 4)).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(head("content-length: 3000000").as_bytes()).await.unwrap();
    socket.write_all(&[0; 1000]).await.unwrap();
    drop(socket);
    tokio::time::sleep(Duration::from_millis(100)).await;
    fine(upload.complete(&[tag]).await);
    assert_eq!(upload.content().await, bytes(3_000_000, 4));
}

#[tokio::test]
async fn removing_a_file_under_way_ends_its_parts_too() {
    let data = Folder::new("remove");
    let server = start(&["--data", data.text()]).await;
    let upload = server.session(json!({})).await.upload(2, 2_000_000).await;
    upload.tag(1, &bytes(1_000_000, 1)).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let Upload { member, key, id } = &upload;
    let head = format!(
        "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\npartNumber: 2\r\nkey: {key}\r\n\
         uploadId: {id}\r\ncontent-length: 1000000\r\nconnection: close\r\n\r\n",
        member.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&[0; 500_000]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(upload.remove().await.0, 200);
    socket.write_all(&[0; 500_000]).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut socket, &mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("NoSuchUpload"), "{answer}");
    let left: Vec<_> = data.files();
    assert_eq!(left, ["meta.redb"]);
}
