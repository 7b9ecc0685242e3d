//! Who may open a session, and how many.

use std::io::Read as _;

use serde_json::json;

use crate::program::Program;
use crate::server::{Server, client, fine, read, refused, start};

const KEY: &str = "a key of 2026, with spaces";

async fn open(url: &str, keys: &[&str]) -> crate::server::Answer {
    let request = client().post(format!("{url}/v1/session")).json(&json!({}));
    let request = keys.iter().fold(request, |request, key| request.header("X-API-KEY", *key));
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn with_a_key_only_its_holders_open_sessions() {
    let mut program = Program::start(&["--session-key", KEY]);
    let url = program.url.clone();
    for wrong in [&[][..], &[""], &["x"], &["a key of 2026, with space"], &["A key of 2026, with spaces"], &[KEY, KEY]]
    {
        refused(&open(&url, wrong).await, 403, "AccessDenied");
    }
    let opened = fine(open(&url, &[KEY]).await);
    // Nothing else takes it.
    let joined = client().post(format!("{url}/v1/session/join")).json(&json!({"sessionId": opened["sessionId"]}));
    fine(read(joined.send().await.unwrap()).await);
    let mut err = program.child.stderr.take().unwrap();
    program.kill();
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    assert!(!said.contains(KEY), "{said}");
}

#[tokio::test]
async fn the_key_may_come_from_the_environment() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_partway-gateway"));
    command.env("PARTWAY_SESSION_KEY", KEY);
    let program = Program::by(command, &[]);
    refused(&open(&program.url, &[]).await, 403, "AccessDenied");
    fine(open(&program.url, &[KEY]).await);
    // Neither do the texts for people have it.
    let mut help = std::process::Command::new(env!("CARGO_BIN_EXE_partway-gateway"));
    let help = help.env("PARTWAY_SESSION_KEY", KEY).arg("--help").output().unwrap();
    assert!(help.status.success() && !String::from_utf8(help.stdout).unwrap().contains(KEY));
}

#[tokio::test]
async fn an_address_opens_as_many_sessions_as_it_may() {
    let server: Server = start(&["--sessions-per-hour", "3"]).await;
    // What is refused for another reason does not count.
    let wrong = json!({"rules": {"maxFiles": 0}});
    refused(&server.post("/v1/session", &wrong).await, 400, "InvalidArgument");
    for _ in 0..3 {
        fine(open(&server.url, &[]).await);
    }
    let request = server.client.post(format!("{}/v1/session", server.url)).json(&json!({}));
    let response = request.send().await.unwrap();
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    refused(&read(response).await, 429, "SlowDown");
}
