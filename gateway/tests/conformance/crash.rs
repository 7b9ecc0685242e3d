//! `kill -9` of the real program, between requests and in the middle of them.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::program::Program;
use crate::server::{Folder, Member, Upload, bytes, client, fine, read, refused};

/// A program that is killed and started again on the same folder, and members and uploads that follow it.
struct Mortal<'a> {
    data: &'a Folder,
    program: Option<Program>,
}

impl<'a> Mortal<'a> {
    fn new(data: &'a Folder) -> Self {
        Self { data, program: Some(Program::start(&["--data", data.text()])) }
    }

    fn url(&self) -> String {
        self.program.as_ref().unwrap().url.clone()
    }

    /// Kills it, starts it again, and tells `upload` where it is now.
    fn crash(&mut self, upload: &mut Upload) {
        self.program.take().unwrap().kill();
        self.program = Some(Program::start(&["--data", self.data.text()]));
        upload.member.url = self.url();
        upload.member.client = client();
    }
}

#[tokio::test]
async fn nothing_is_lost_between_any_two_requests() {
    let data = Folder::new("crash");
    let mut server = Mortal::new(&data);
    let parts = [bytes(300_000, 1), bytes(200_000, 2), bytes(1, 3)];
    let size = 500_001;
    let request = client().post(format!("{}/v1/session", server.url()));
    let rules = json!({"rules": {"password": "open sesame", "maxFiles": 2, "userCapacity": 2}});
    let opened = fine(read(request.json(&rules).send().await.unwrap()).await);
    let host = Member::new(&server.url(), client(), opened);
    let mut upload = Upload { member: host, key: String::new(), id: String::new() };
    server.crash(&mut upload);

    let id = upload.member.session_id().to_owned();
    assert_eq!(fine(upload.member.ask(Method::GET, "/session/current").await)["id"], json!(id));
    server.crash(&mut upload);

    let request = client().post(format!("{}/v1/session/join", server.url()));
    let body = json!({"sessionId": id, "password": "open sesame"});
    fine(read(request.json(&body).send().await.unwrap()).await);
    server.crash(&mut upload);
    let request = client().post(format!("{}/v1/session/join", server.url()));
    refused(&read(request.json(&body).send().await.unwrap()).await, 403, "SessionFull");

    upload = upload.member.upload(3, size).await;
    server.crash(&mut upload);
    let mut tags = vec![String::new(); 3];
    for number in [3, 1, 2] {
        tags[number - 1] = upload.tag(number as u64, &parts[number - 1]).await;
        server.crash(&mut upload);
    }
    // Another second part, then the same again.
    upload.tag(2, &bytes(200_000, 9)).await;
    server.crash(&mut upload);
    refused(&upload.complete(&tags).await, 400, "InvalidPart");
    server.crash(&mut upload);
    assert_eq!(upload.tag(2, &parts[1]).await, tags[1]);
    server.crash(&mut upload);
    let completed = fine(upload.complete(&tags).await);
    server.crash(&mut upload);
    assert_eq!(fine(upload.complete(&tags).await), completed);
    server.crash(&mut upload);
    refused(&upload.put(1, &parts[0]).await, 409, "InvalidObjectState");
    assert_eq!(upload.member.list().await, [completed]);
    let old = upload.link().await;
    let old_url = server.url();
    assert_eq!(upload.content().await, parts.concat());
    server.crash(&mut upload);
    // Links end with the process; the file does not.
    let again = client().get(old.replace(&old_url, &server.url())).send().await.unwrap();
    refused(&read(again).await, 403, "SignatureDoesNotMatch");
    assert_eq!(upload.content().await, parts.concat());
    upload.member.upload(1, 1).await;
    server.crash(&mut upload);
    refused(&upload.member.start(1, 1, "x").await, 403, "TooManyFiles");
    assert_eq!(upload.remove().await.0, 200);
    server.crash(&mut upload);
    refused(&upload.remove().await, 404, "NoSuchKey");
    assert_eq!(upload.member.list().await.len(), 1);
    upload.member.upload(1, 1).await;
    assert_eq!(upload.member.ask(Method::DELETE, "/session/current").await.0, 200);
    server.crash(&mut upload);
    refused(&upload.member.ask(Method::GET, "/session/current").await, 401, "InvalidToken");
    assert_eq!(data.files(), ["meta.redb"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_a_kill_in_the_middle() {
    const PARTS: u64 = 40;
    let data = Folder::new("middle");
    let mut server = Mortal::new(&data);
    for round in 0..6 {
        let part = move |number: u64| bytes(60_000, round * 1000 + number);
        let member = server.program.as_ref().unwrap().session().await;
        let mut upload = member.upload(PARTS, PARTS * 60_000).await;
        // Four senders at once, cut off at some moment.
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let upload = upload.clone();
                tokio::spawn(async move {
                    let mut acknowledged = Vec::new();
                    for number in (1..=PARTS).filter(|number| number % 4 == sender) {
                        let Ok(response) = upload.part(number).body(part(number)).send().await else { break };
                        let Ok(stored) = response.json::<serde_json::Value>().await else { break };
                        acknowledged.push((number, stored["tag"].as_str().unwrap().to_owned()));
                    }
                    acknowledged
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20 + 35 * round)).await;
        server.crash(&mut upload);
        let mut tags = vec![None; PARTS as usize];
        for sender in senders {
            for (number, tag) in sender.await.unwrap() {
                tags[number as usize - 1] = Some(tag);
            }
        }
        assert!(!data.files().iter().any(|file| file.starts_with("incoming/")));
        let kept = tags.iter().flatten().count();
        for number in 1..=PARTS {
            if tags[number as usize - 1].is_none() {
                tags[number as usize - 1] = Some(upload.tag(number, &part(number)).await);
            }
        }
        let tags: Vec<String> = tags.into_iter().flatten().collect();
        fine(upload.complete(&tags).await);
        let expected: Vec<u8> = (1..=PARTS).flat_map(part).collect();
        assert!(upload.content().await == expected, "round {round}, {kept} parts kept");
        upload.remove().await;
    }
}
