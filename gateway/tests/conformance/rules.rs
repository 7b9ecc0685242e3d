//! maxFiles and maxTotalMegaBytes: exact, also in a race, and given back.

use serde_json::json;

use crate::server::{fine, refused, start};
use crate::sessions::futures;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_starts_for_five_slots_give_five() {
    let server = start(&[]).await;
    for _ in 0..3 {
        let member = server.session(json!({"maxFiles": 5})).await;
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let member = member.clone();
                tokio::spawn(async move { member.start(1, 1, "x").await })
            })
            .collect();
        let mut started = 0;
        for task in tasks {
            let answer = task.await.unwrap();
            if answer.0 == 200 {
                started += 1;
            } else {
                refused(&answer, 403, "TooManyFiles");
            }
        }
        assert_eq!((started, member.list().await.len()), (5, 5));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_starts_for_the_bytes_of_seven_give_seven() {
    let server = start(&[]).await;
    let member = server.session(json!({"maxTotalMegaBytes": 1})).await;
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let member = member.clone();
            tokio::spawn(async move { member.start(1, 140_000, "x").await })
        })
        .collect();
    let mut started = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        if answer.0 == 200 {
            started += 1;
        } else {
            refused(&answer, 413, "EntityTooLarge");
        }
    }
    assert_eq!(started, 7);
    // 20,000 bytes are left, exactly.
    refused(&member.start(1, 20_001, "x").await, 413, "EntityTooLarge");
    fine(member.start(1, 20_000, "x").await);
    refused(&member.start(1, 1, "x").await, 413, "EntityTooLarge");
    fine(member.start(1, 0, "x").await);
}

#[tokio::test]
async fn a_megabyte_is_a_million_bytes() {
    let server = start(&[]).await;
    let member = server.session(json!({"maxTotalMegaBytes": 2})).await;
    refused(&member.start(1, 2_000_001, "x").await, 413, "EntityTooLarge");
    refused(&member.start(1, i64::MAX as u64, "x").await, 413, "EntityTooLarge");
    fine(member.start(1, 2_000_000, "x").await);
}

#[tokio::test]
async fn removing_gives_back_what_starting_took() {
    let server = start(&[]).await;
    let member = server.session(json!({"maxFiles": 2, "maxTotalMegaBytes": 1})).await;
    for round in 0..4 {
        let partial = member.upload(2, 600_000).await;
        partial.tag(1, b"something").await;
        let whole = member.upload(1, 3).await;
        let tag = whole.tag(1, b"abc").await;
        fine(whole.complete(&[tag]).await);
        refused(&member.start(1, 1, "x").await, 403, "TooManyFiles");
        assert_eq!(partial.remove().await.0, 200, "round {round}");
        refused(&partial.remove().await, 404, "NoSuchKey");
        refused(&member.start(1, 999_998, "x").await, 413, "EntityTooLarge");
        let filling = member.upload(1, 999_997).await;
        refused(&member.start(1, 1, "x").await, 403, "TooManyFiles");
        assert_eq!(
            (filling.remove().await.0, whole.remove().await.0),
            (reqwest::StatusCode::OK, reqwest::StatusCode::OK)
        );
    }
    // Removing one file many times at once gives it back once.
    let upload = member.upload(1, 600_000).await;
    let answers = futures(16, |_| upload.remove()).await;
    assert_eq!(answers.iter().filter(|answer| answer.0 == 200).count(), 1);
    let uploads = [member.upload(1, 1).await, member.upload(1, 1).await];
    refused(&member.start(1, 1, "x").await, 403, "TooManyFiles");
    drop(uploads);
}
