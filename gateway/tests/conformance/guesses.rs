//! Guessing a session's password: limited at once, and nobody else is locked out.

use std::net::Ipv4Addr;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::server::{Answer, Server, client_at, fine, read, refused, start};
use crate::sessions::futures;

/// A client at another loopback address.
fn at(last: u8) -> Client {
    client_at(Ipv4Addr::new(127, 0, 0, last))
}

async fn join(server: &Server, client: &Client, body: &Value) -> Answer {
    read(client.post(format!("{}/v1/session/join", server.url)).json(body).send().await.unwrap()).await
}

#[tokio::test]
async fn of_a_hundred_guesses_at_once_ten_are_judged() {
    let server = start(&[]).await;
    let host = server.session(json!({"password": "open sesame"})).await;
    let guess = |number: usize| json!({"sessionId": host.session_id(), "password": format!("guess {number}")});
    let guessed: Vec<Value> = (0..100).map(guess).collect();
    let answers = futures(100, |number| server.join(&guessed[number])).await;
    let judged = answers.iter().filter(|answer| answer.0 == 403).count();
    assert_eq!(judged, 10);
    for answer in answers.iter().filter(|answer| answer.0 != 403) {
        refused(answer, 429, "SlowDown");
    }

    // The right one is not judged from there either, which the answer says when to try again.
    let right = json!({"sessionId": host.session_id(), "password": "open sesame"});
    let response = server.client.post(format!("{}/v1/session/join", server.url)).json(&right).send().await.unwrap();
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    refused(&read(response).await, 429, "SlowDown");

    // From elsewhere it is let in, though others guess there too.
    for last in [2, 3] {
        refused(&join(&server, &at(last), &guess(0)).await, 403, "WrongPassword");
        fine(join(&server, &at(last), &right).await);
    }
    // Who is in stays in, and comes in again even from the address of who guesses.
    fine(host.ask(Method::GET, "/buckets").await);
    let again = host.request(Method::POST, "/session/join").json(&right).send().await.unwrap();
    fine(read(again).await);
    // A token of another session is none here.
    let other = server.session(json!({})).await;
    let stranger = other.request(Method::POST, "/session/join").json(&right).send().await.unwrap();
    refused(&read(stranger).await, 429, "SlowDown");
    // Neither is a member allowed to guess for ever.
    let mut judged = 0;
    for number in 0..20 {
        let answer = host.request(Method::POST, "/session/join").json(&guess(number)).send().await.unwrap();
        judged += usize::from(answer.status() == 403);
    }
    assert_eq!(judged, 10);
}

#[tokio::test]
async fn guesses_from_everywhere_are_slowed_down_together_and_lock_nobody_out() {
    let server = start(&[]).await;
    let host = server.session(json!({"password": "open sesame"})).await;
    let guess = json!({"sessionId": host.session_id(), "password": "x"});
    let mut judged = 0;
    for last in 2..12 {
        let client = at(last);
        for _ in 0..12 {
            judged += usize::from(join(&server, &client, &guess).await.0 == 403);
        }
    }
    // Ten from each of three addresses, one from each of the others.
    assert_eq!(judged, 37);
    let right = json!({"sessionId": host.session_id(), "password": "open sesame"});
    fine(join(&server, &at(100), &right).await);
    // The same address may have many members behind it.
    for _ in 0..20 {
        fine(join(&server, &at(101), &right).await);
    }
    // An address that has guessed at this session is not held back at another, until it is at too many.
    let mut judged = 0;
    for _ in 0..40 {
        let other = server.session(json!({"password": "y"})).await;
        let guess = json!({"sessionId": other.session_id(), "password": "x"});
        judged += usize::from(join(&server, &at(50), &guess).await.0 == 403);
    }
    assert_eq!(judged, 30);
}
