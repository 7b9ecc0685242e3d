//! Opening, joining, showing and ending sessions.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{bytes, fine, read, refused, start};

#[tokio::test]
async fn a_session_is_opened_joined_shown_and_ended() {
    let server = start(&[]).await;
    let rules = json!({"userCapacity": 3, "expiryDurationInSeconds": 600, "maxFiles": 7, "maxTotalMegaBytes": 9});
    let opened = fine(server.post("/v1/session", &json!({"identity": "ann", "rules": rules})).await);
    assert_eq!(opened["rules"], rules);
    assert_eq!(opened["expiresIn"], 600);
    assert_eq!((&opened["credentials"]["pseudonym"], &opened["credentials"]["role"]), (&json!("ann"), &json!("host")));
    assert!(opened.get("users").is_none());
    let host = server.member(opened);

    let body = json!({"sessionId": host.session_id(), "identity": {"pseudonym": "bob"}});
    let joined = fine(server.join(&body).await);
    assert_eq!(joined["sessionId"], host.opened["sessionId"]);
    assert_eq!(joined["users"].as_array().unwrap().len(), 2);
    let guest = server.member(joined);
    assert_eq!(guest.opened["credentials"]["role"], "guest");
    assert_ne!(guest.token, host.token);

    for member in [&host, &guest] {
        let current = fine(member.ask(Method::GET, "/session/current").await);
        assert_eq!(current["id"], host.opened["sessionId"]);
        assert_eq!(current["creatorId"], host.opened["credentials"]["id"]);
        assert_eq!((&current["maxFiles"], &current["maxUsers"]), (&json!(7), &json!(3)));
        assert_eq!((&current["maxTotalMegaBytes"], &current["passwordProtected"]), (&json!(9), &json!(false)));
        assert_eq!(current["whiteListAddresses"], json!([]));
        assert_eq!(current["users"][1]["pseudonym"], "bob");
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
        let left = current["expiry"].as_u64().unwrap() - now;
        assert!((590_000..=600_000).contains(&left), "{left}");
    }

    refused(&guest.ask(Method::DELETE, "/session/current").await, 403, "AccessDenied");
    let upload = host.file(&[b"abc"]).await;
    let link = upload.link().await;
    let (status, body) = host.ask(Method::DELETE, "/session/current").await;
    assert_eq!((status.as_u16(), body), (200, Value::Null));
    for member in [&host, &guest] {
        refused(&member.ask(Method::GET, "/session/current").await, 401, "InvalidToken");
    }
    refused(&server.join(&json!({"sessionId": host.session_id()})).await, 404, "NoSuchSession");
    refused(&read(server.client.get(link).send().await.unwrap()).await, 404, "NoSuchKey");
}

#[tokio::test]
async fn every_id_and_token_is_new_and_long() {
    let server = start(&[]).await;
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let member = server.session(json!({})).await;
        let upload = member.upload(1, 1).await;
        assert!(member.token.len() >= 43 && member.session_id().len() >= 22);
        assert!(upload.key.len() == 32 && upload.id.len() == 32);
        for text in [member.token.clone(), member.session_id().to_owned(), upload.key, upload.id] {
            assert!(seen.insert(text));
        }
    }
}

#[tokio::test]
async fn capacity_counts_the_host_and_holds_in_a_race() {
    let server = start(&[]).await;
    let host = server.session(json!({"userCapacity": 5})).await;
    let body = json!({"sessionId": host.session_id()});
    let joins = futures(32, |_| server.join(&body)).await;
    assert_eq!(joins.iter().filter(|answer| answer.0 == 200).count(), 4);
    for answer in joins.iter().filter(|answer| answer.0 != 200) {
        refused(answer, 403, "SessionFull");
    }
    let lone = server.session(json!({"userCapacity": 1})).await;
    refused(&server.join(&json!({"sessionId": lone.session_id()})).await, 403, "SessionFull");
}

/// Runs `count` futures at once and gives what they give.
pub async fn futures<F: Future>(count: usize, make: impl Fn(usize) -> F) -> Vec<F::Output> {
    let mut running: Vec<_> = (0..count).map(|index| Box::pin(make(index))).collect();
    let mut done: Vec<Option<F::Output>> = (0..count).map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_password_is_asked_for_and_guessing_is_slowed() {
    let server = start(&[]).await;
    let host = server.session(json!({"password": "open sesame"})).await;
    assert!(!host.opened.to_string().contains("sesame"));
    let current = fine(host.ask(Method::GET, "/session/current").await);
    assert_eq!(current["passwordProtected"], true);
    let with = |password: Value| json!({"sessionId": host.session_id(), "password": password});
    fine(server.join(&with(json!("open sesame"))).await);
    refused(&server.join(&json!({"sessionId": host.session_id()})).await, 403, "WrongPassword");
    for wrong in ["", "open sesam", "open sesame ", "Open sesame"] {
        refused(&server.join(&with(json!(wrong))).await, 403, "WrongPassword");
    }
    for _ in 0..5 {
        refused(&server.join(&with(Value::Null)).await, 403, "WrongPassword");
    }
    let response = server.client.post(format!("{}/v1/session/join", server.url));
    let response = response.json(&with(json!("open sesame"))).send().await.unwrap();
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    refused(&read(response).await, 429, "SlowDown");
    // Another session is not slowed, and who is in stays in.
    let other = server.session(json!({"password": "x"})).await;
    fine(server.join(&json!({"sessionId": other.session_id(), "password": "x"})).await);
    fine(host.ask(Method::GET, "/buckets").await);
}

#[tokio::test]
async fn an_expired_session_answers_nothing_and_is_swept_away() {
    let data = crate::server::Folder::new("expired");
    let server = start(&["--data", data.text(), "--sweep-interval", "6s"]).await;
    let member = server.session(json!({"expiryDurationInSeconds": 2})).await;
    let lasting = server.session(json!({"expiryDurationInSeconds": 60})).await;
    let (upload, kept) = (member.file(&[&bytes(1000, 1)]).await, lasting.file(&[&bytes(1000, 2)]).await);
    let link = upload.link().await;
    assert_eq!(data.files().len(), 3);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    refused(&member.ask(Method::GET, "/session/current").await, 401, "ExpiredToken");
    refused(&member.list_answer().await, 401, "ExpiredToken");
    refused(&member.start(1, 1, "x").await, 401, "ExpiredToken");
    refused(&upload.put(1, b"x").await, 401, "ExpiredToken");
    refused(&upload.complete(&[]).await, 401, "ExpiredToken");
    refused(&upload.info().await, 401, "ExpiredToken");
    refused(&upload.download().await, 401, "ExpiredToken");
    refused(&upload.remove().await, 401, "ExpiredToken");
    refused(&server.join(&json!({"sessionId": member.session_id()})).await, 404, "NoSuchSession");
    refused(&read(server.client.get(link).send().await.unwrap()).await, 404, "NoSuchKey");
    for _ in 0..160 {
        if data.files().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(data.files().len(), 2, "{:?}", data.files());
    refused(&member.ask(Method::GET, "/session/current").await, 401, "InvalidToken");
    assert_eq!(kept.content().await, bytes(1000, 2));
}

impl crate::server::Member {
    async fn list_answer(&self) -> crate::server::Answer {
        self.ask(Method::GET, "/buckets").await
    }
}

#[tokio::test]
async fn rules_stay_within_the_servers_own() {
    let flags = ["--max-files", "10", "--max-total-megabytes", "20", "--max-users", "3", "--max-expiry", "1h"];
    let server = start(&[&flags[..], &["--default-expiry", "10m", "--max-sessions", "4"]].concat()).await;
    let default = server.session(Value::Null).await;
    let expected = json!({"userCapacity": 3, "expiryDurationInSeconds": 600, "maxFiles": 10, "maxTotalMegaBytes": 20});
    assert_eq!(default.opened["rules"], expected);
    let greedy =
        json!({"userCapacity": 100, "expiryDurationInSeconds": u64::MAX, "maxFiles": 100, "maxTotalMegaBytes": 100});
    let greedy = server.session(greedy).await;
    let expected = json!({"userCapacity": 3, "expiryDurationInSeconds": 3600, "maxFiles": 10, "maxTotalMegaBytes": 20});
    assert_eq!(greedy.opened["rules"], expected);
    for rule in ["userCapacity", "expiryDurationInSeconds", "maxFiles", "maxTotalMegaBytes"] {
        refused(&server.post("/v1/session", &json!({"rules": {rule: 0}})).await, 400, "InvalidArgument");
        for wrong in [json!(-1), json!("5"), json!(1.5), json!([]), json!(true)] {
            refused(&server.post("/v1/session", &json!({"rules": {rule: wrong}})).await, 400, "MalformedJSON");
        }
    }
    refused(&server.post("/v1/session", &json!({"identity": 5})).await, 400, "InvalidArgument");
    refused(&server.post("/v1/session", &json!({"identity": "x".repeat(257)})).await, 400, "InvalidArgument");
    // Unknown fields are ignored, as the service does.
    fine(server.post("/v1/session", &json!({"more": 1, "rules": {"unknown": [1]}})).await);
    fine(server.post("/v1/session", &json!({})).await);
    let full = server.post("/v1/session", &json!({})).await;
    refused(&full, 503, "SlowDown");
}
