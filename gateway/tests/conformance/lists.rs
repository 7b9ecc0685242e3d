//! Lists: in order and whole over any number of pages, of a bounded length, and no burden while nobody reads them.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::server::{Member, Server, fine, refused, start};
use crate::sessions::futures;

/// Asks for the list and reads none of it.
async fn ask(member: &Member) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = member.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut socket = socket.connect(address).await.unwrap();
    let head = format!(
        "GET /v1/buckets HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
        member.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    // Of an answer that has begun.
    let mut status = [0; 12];
    socket.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    socket
}

/// The rest of an answer, without its head and the lines of its chunks; and whether it came to its end.
async fn rest(mut socket: TcpStream) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    // Where it is cut the connection may be reset, too.
    let _ = socket.read_to_end(&mut bytes).await;
    let head = bytes.windows(4).position(|line| line == b"\r\n\r\n").unwrap() + 4;
    let (mut rest, mut content) = (&bytes[head..], Vec::new());
    while let Some(line) = rest.windows(2).position(|end| end == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        if length == 0 {
            return (content, true);
        }
        let Some(chunk) = rest.get(line + 2..line + 2 + length) else { break };
        content.extend_from_slice(chunk);
        rest = rest.get(line + 4 + length..).unwrap_or_default();
    }
    (content, false)
}

/// Starts so many files, of names that take twice their length in JSON.
async fn many(member: &Member, count: usize, length: usize) {
    for _ in 0..count / 50 {
        futures(50, |_| async { fine(member.start(1, 1, &"\"".repeat(length)).await) }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_is_whole_and_in_order() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let mut keys = Vec::new();
    for number in 0..150 {
        let name = format!("{number}-{}", "é".repeat(number * 7 % 900));
        let started = fine(member.start(1, number as u64, &name).await);
        keys.push((started["fileKey"].clone(), name, number));
    }
    // Where there is a hole, and at both ends.
    for index in [149, 148, 77, 76, 75, 1, 0] {
        let (key, ..) = keys.remove(index);
        let key = key.as_str().unwrap();
        let removed = member.ask(reqwest::Method::DELETE, &format!("/buckets/{key}")).await;
        assert_eq!(removed.0, 200);
    }
    let list: Vec<(Value, String, usize)> = member
        .list()
        .await
        .into_iter()
        .map(|file| {
            let size = file["originalSizeInBytes"].as_u64().unwrap() as usize;
            (file["fileKey"].clone(), file["fileName"].as_str().unwrap().to_owned(), size)
        })
        .collect();
    assert!(list == keys);
    // Others have none of it.
    assert_eq!(server.session(json!({})).await.list().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_list_is_no_longer_than_it_may_be() {
    let server = start(&["--max-list", "5000"]).await;
    let member = server.session(json!({})).await;
    let length = |list: &Vec<Value>| serde_json::to_vec(list).unwrap().len();
    let mut started = 0;
    let full = loop {
        // In JSON a quotation mark is two bytes.
        let answer = member.start(10_000, i64::MAX as u64 / 2_000_000_000_000, &"\"a".repeat(40)).await;
        if answer.0 != 200 {
            break answer;
        }
        started += 1;
    };
    refused(&full, 403, "TooManyFiles");
    let list = member.list().await;
    assert_eq!(list.len(), started);
    let entry = length(&list) / started;
    assert!((5000 - entry - 10..=5000).contains(&length(&list)), "{}, {entry}", length(&list));
    // A removed name gives back what it took, in whatever state the file is.
    let key = list[3]["fileKey"].as_str().unwrap();
    assert_eq!(member.ask(reqwest::Method::DELETE, &format!("/buckets/{key}")).await.0, 200);
    let whole = member.upload(1, 1).await;
    let tag = whole.tag(1, b"x").await;
    fine(whole.complete(&[tag]).await);
    assert_eq!(whole.remove().await.0, 200);
    fine(member.start(10_000, 1, &"\"a".repeat(40)).await);
    refused(&member.start(10_000, 1, &"\"a".repeat(40)).await, 403, "TooManyFiles");
    // It is each session's own.
    fine(server.session(json!({})).await.start(1, 1, &"x".repeat(4000)).await);
}

#[tokio::test]
async fn control_characters_are_in_no_name() {
    let server: Server = start(&[]).await;
    let member = server.session(json!({})).await;
    for control in ["\0", "\n", "\u{1f}", "\u{7f}", "\u{85}", "\u{9f}"] {
        for name in [control.to_owned(), format!("a{control}b"), control.repeat(4096 / control.len())] {
            refused(&member.start(1, 1, &name).await, 400, "InvalidArgument");
        }
    }
    for name in ["", " ", "\u{a0}", "\u{202e}", "\u{feff}", "\u{e000}"] {
        fine(member.start(1, 1, name).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_whose_session_ends_does_not_look_whole() {
    let server = start(&[]).await;
    let host = server.session(json!({})).await;
    many(&host, 1000, 4096).await;
    let (read, cut) = (ask(&host).await, ask(&host).await);
    let (content, whole) = rest(read).await;
    assert!(whole);
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&content).unwrap().len(), 1000);
    assert_eq!(host.ask(reqwest::Method::DELETE, "/session/current").await.0, 200);
    let (content, whole) = rest(cut).await;
    assert!(!whole && serde_json::from_slice::<Value>(&content).is_err());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_who_ask_and_do_not_read_cost_little_memory() {
    let program = crate::program::Program::start(&["--body-timeout", "60s"]);
    let status = format!("/proc/{}/status", program.child.id());
    let memory = |field: &str| -> u64 {
        let text = std::fs::read_to_string(&status).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    };
    let member = program.session().await;
    // 400 names are a list of 3.4 MB.
    many(&member, 400, 4096).await;
    let before = memory("VmRSS");
    let mut asked = futures(200, |_| ask(&member)).await;
    // What is sent until every buffer is full.
    let (mut same, mut last) = (0, 0);
    while same < 10 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let now = memory("VmRSS");
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    let most = memory("VmHWM");
    println!("{before} kB before, {last} kB with 200 who do not read, {most} kB at most");
    assert!(most < 100_000, "{most} kB");
    let (content, whole) = rest(asked.swap_remove(0)).await;
    assert!(whole);
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&content).unwrap().len(), 400);
}
