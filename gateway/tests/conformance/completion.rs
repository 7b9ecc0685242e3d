//! Completing: checked against the parts, once and for all.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{bytes, fine, read, refused, start};
use crate::sessions::futures;

#[tokio::test]
async fn it_is_idempotent_for_the_same_tags_only() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let upload = member.upload(2, 6).await;
    let tags = [upload.tag(1, b"abc").await, upload.tag(2, b"def").await];
    let first = fine(upload.complete(&tags).await);
    assert_eq!(fine(upload.complete(&tags).await), first);
    for other in [
        vec![tags[1].clone(), tags[0].clone()],
        vec![tags[0].clone()],
        vec![],
        vec![tags[0].clone(), tags[1].to_uppercase()],
        vec![tags[0].clone(), tags[1].trim_matches('"').to_owned()],
    ] {
        refused(&upload.complete(&other).await, 409, "InvalidPart");
    }
    refused(&upload.put(1, b"abc").await, 409, "InvalidObjectState");
    assert_eq!(upload.content().await, b"abcdef");
    upload.remove().await;
    refused(&upload.complete(&tags).await, 404, "NoSuchKey");
}

#[tokio::test]
async fn many_at_once_agree() {
    let server = start(&[]).await;
    let upload = server.session(json!({})).await.upload(1, 3).await;
    let tags = [upload.tag(1, b"abc").await];
    let answers = futures(16, |index| {
        let (upload, mut tags) = (upload.clone(), tags.to_vec());
        if index % 2 == 1 {
            tags.push("more".to_owned());
        }
        async move { upload.complete(&tags).await.0.as_u16() }
    })
    .await;
    for (index, status) in answers.iter().enumerate() {
        // The odd ones are wrong before the completion and in conflict after it.
        assert!(if index % 2 == 0 { *status == 200 } else { matches!(status, 400 | 409) }, "{answers:?}");
    }
}

#[tokio::test]
async fn tags_count_and_order_are_checked() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let upload = member.upload(3, 9).await;
    let one = upload.tag(1, b"abc").await;
    let two = upload.tag(2, b"def").await;
    let x = "\"00000000000000000000000000000000\"".to_owned();
    refused(&upload.complete(&[one.clone(), two.clone(), x.clone()]).await, 400, "InvalidPart");
    refused(&upload.complete(&[one.clone(), two.clone()]).await, 400, "InvalidPart");
    let three = upload.tag(3, b"ghi").await;
    let tags = |list: &[&String]| list.iter().map(|tag| (*tag).clone()).collect::<Vec<_>>();
    for wrong in [
        tags(&[]),
        tags(&[&one]),
        tags(&[&one, &two]),
        tags(&[&one, &two, &x]),
        tags(&[&one, &two, &two]),
        tags(&[&one, &two, &three, &three]),
        vec![one.trim_matches('"').to_owned(), two.clone(), three.clone()],
        vec![one.to_uppercase(), two.clone(), three.clone()],
    ] {
        refused(&upload.complete(&wrong).await, 400, "InvalidPart");
    }
    refused(&upload.complete(&tags(&[&three, &two, &one])).await, 400, "InvalidPartOrder");
    assert_eq!(fine(upload.info().await)["completed"], false);
    fine(upload.complete(&tags(&[&one, &two, &three])).await);
}

#[tokio::test]
async fn the_bytes_must_be_as_many_as_declared() {
    let server = start(&[]).await;
    let upload = server.session(json!({})).await.upload(2, 7).await;
    let one = upload.tag(1, b"abc").await;
    let two = upload.tag(2, b"def").await;
    refused(&upload.complete(&[one.clone(), two]).await, 400, "IncompleteBody");
    let two = upload.tag(2, b"defg").await;
    fine(upload.complete(&[one, two]).await);
    assert_eq!(upload.content().await, b"abcdefg");
}

#[tokio::test]
async fn every_part_but_the_last_has_the_least_size() {
    const LEAST: usize = 5 << 20;
    let server = start(&["--min-part-size", "5MiB"]).await;
    let member = server.session(json!({})).await;
    let (short, whole) = (bytes(LEAST - 1, 1), bytes(LEAST, 2));
    let upload = member.upload(2, LEAST as u64).await;
    let tags = [upload.tag(1, &short).await, upload.tag(2, b"x").await];
    refused(&upload.complete(&tags).await, 400, "EntityTooSmall");
    let upload = member.upload(2, LEAST as u64 + 1).await;
    let tags = [upload.tag(1, &whole).await, upload.tag(2, b"x").await];
    fine(upload.complete(&tags).await);
    let upload = member.upload(1, 1).await;
    let tags = [upload.tag(1, b"x").await];
    fine(upload.complete(&tags).await);
}

#[tokio::test]
async fn ten_thousand_parts() {
    let server = start(&["--max-files", "2"]).await;
    let member = server.session(json!({})).await;
    let upload = member.upload(10_000, 10_000).await;
    // The list of tags is longer than other JSON may be: it is read whole, and found wanting.
    let tags = vec!["\"00000000000000000000000000000000\"".to_owned(); 10_000];
    refused(&upload.complete(&tags).await, 400, "InvalidPart");
    let tags = vec!["\"00000000000000000000000000000000\"".to_owned(); 40_000];
    refused(&upload.complete(&tags).await, 413, "EntityTooLarge");
}

#[tokio::test]
async fn keys_and_shapes_are_checked() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let complete = async |body: Value| {
        read(member.request(Method::POST, "/buckets/complete").json(&body).send().await.unwrap()).await
    };
    for key in ["", "..", "x", "00000000000000000000000000000000"] {
        refused(&complete(json!({"tags": ["x"], "key": key})).await, 404, "NoSuchKey");
    }
    for wrong in [
        json!({"tags": ["x"]}),
        json!({"key": "x"}),
        json!({"tags": null, "key": "x"}),
        json!({"tags": ["x"], "key": null}),
        json!({"tags": "x", "key": "x"}),
        json!({"tags": [1], "key": "x"}),
        json!({"tags": [null], "key": "x"}),
    ] {
        refused(&complete(wrong).await, 400, "MalformedJSON");
    }
}
