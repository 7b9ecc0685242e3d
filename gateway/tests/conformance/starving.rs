//! Whoever holds all connections that they can get holds up nobody else.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::server::{Server, bytes, client_at, start};

/// A connection from another address of loopback; none where the gateway does not take it.
async fn from(server: &Server, last: u8) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
    socket.connect(server.address).await.ok()
}

/// Sends `head`, then `drip` every `pause`, until the gateway ends the connection or `patience` is over. Gives how long
/// it was open.
async fn hold(socket: TcpStream, head: &str, drip: &[u8], pause: Duration, patience: Duration) -> Duration {
    let begun = Instant::now();
    let (mut reading, mut writing) = socket.into_split();
    let dripping = async {
        drop(writing.write_all(head.as_bytes()).await);
        while drip.is_empty() || writing.write_all(drip).await.is_ok() {
            tokio::time::sleep(pause).await;
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let ended = async {
        tokio::select! {
            () = dripping => {}
            _ = reading.read_to_end(&mut answer) => {}
        }
    };
    drop(tokio::time::timeout(patience, ended).await);
    begun.elapsed()
}

#[tokio::test]
async fn with_every_connection_of_one_address_attacked_another_is_answered_soon() {
    let server = start(&["--max-connections", "8"]).await;
    let link = {
        let attacker = client_at(Ipv4Addr::new(127, 0, 0, 2));
        let opened = attacker.post(format!("{}/v1/session", server.url)).json(&json!({})).send().await.unwrap();
        let member = crate::server::Member::new(&server.url, attacker, opened.json().await.unwrap());
        member.file(&[&bytes(20_000_000, 1)]).await.link().await
    };
    let target = link.strip_prefix(&server.url).unwrap();
    let put =
        |more: &str| format!("PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000000\r\n{more}\r\n");
    let attacks = [
        String::new(),
        "GET /v1/buckets HTTP/1.1\r\nhost: localhost\r\nx".to_owned(),
        put(""),
        put("authorization: Bearer x\r\n"),
        "POST /v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n\r\n"
            .to_owned(),
        format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(),
    ];
    let mut held = Vec::new();
    for number in 0..200 {
        let attack = &attacks[number % attacks.len()];
        let Some(mut socket) = from(&server, 2).await else { continue };
        drop(socket.write_all(attack.as_bytes()).await);
        held.push(socket);
        if number % 20 == 0 {
            answered_soon(&server).await;
        }
    }
    for _ in 0..10 {
        answered_soon(&server).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    drop(held);
}

/// A session is opened from an address that did nothing before, on connections of its own.
async fn answered_soon(server: &Server) {
    let begun = Instant::now();
    let client = client_at(Ipv4Addr::LOCALHOST);
    let opened = client.post(format!("{}/v1/session", server.url)).json(&json!({})).send().await.unwrap();
    assert_eq!(opened.status(), 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_head_has_32_kib_and_seconds() {
    let server = start(&[]).await;
    let silent = from(&server, 1).await.unwrap();
    let silent = tokio::spawn(hold(silent, "", b"", Duration::from_secs(1), Duration::from_secs(30)));
    let head = |bytes: usize| {
        let filler: String = (0..bytes / 1000).map(|n| format!("x-{n}: {}\r\n", "x".repeat(1000))).collect();
        format!("GET /v1/none HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{filler}\r\n")
    };
    assert!(server.raw(&head(30_000)).await.starts_with("HTTP/1.1 404"));
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(head(40_000).as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
    let open = silent.await.unwrap();
    assert!((Duration::from_secs(9)..Duration::from_secs(20)).contains(&open), "{open:?}");
}

#[tokio::test]
async fn the_body_of_a_stranger_is_taken_for_seconds_and_that_of_a_member_for_as_long_as_it_comes() {
    let server = start(&["--max-part-size", "1MiB"]).await;
    let member = server.session(json!({})).await;
    let upload = member.upload(1, 100_000_000).await;
    let put = |token: &str| {
        format!(
            "PUT /v1/buckets HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\npartNumber: 1\r\n\
             key: {}\r\nuploadId: {}\r\ncontent-length: 50000000\r\n\r\n",
            upload.key, upload.id
        )
    };
    let (pause, patience) = (Duration::from_millis(20), Duration::from_secs(12));
    let drip = vec![0; 4096];
    let held = [put("x"), put(&member.token)];
    let open = crate::sessions::futures(2, |index| {
        let (server, held, drip) = (&server, &held[index], &drip);
        async move { hold(from(server, 1).await.unwrap(), held, drip, pause, patience).await }
    })
    .await;
    assert!(open[0] < Duration::from_secs(10), "{open:?}");
    assert!(open[1] >= patience, "{open:?}");
}

#[tokio::test]
async fn what_opens_or_joins_a_session_comes_at_once() {
    let server = start(&["--header-timeout", "1s"]).await;
    for path in ["", "/join"] {
        let head = format!(
            "POST /v1/session{path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: 60000\r\n\r\n{{"
        );
        // Faster than --min-rate, and not fast enough.
        let (drip, pause) = ([b' '; 200], Duration::from_millis(50));
        let open = hold(from(&server, 1).await.unwrap(), &head, &drip, pause, Duration::from_secs(30)).await;
        assert!(open < Duration::from_secs(9), "{open:?}");
    }
}

#[tokio::test]
async fn a_reader_who_takes_too_little_is_given_up() {
    const SIZE: usize = 60_000_000;
    // Takes about 2 MB a second, never nothing and never much, until the gateway ends it or `most` bytes are there.
    let read = async |rate: &str, most: usize| {
        let server = start(&["--body-timeout", "5s", "--min-rate", rate]).await;
        let link = server.session(json!({})).await.file(&[&bytes(SIZE, 1)]).await.link().await;
        let target = link.strip_prefix(&server.url).unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(128 << 10).unwrap();
        let mut socket = socket.connect(server.address).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let (mut taken, mut piece) = (0, vec![0; 100_000]);
        while taken < most && socket.read_exact(&mut piece).await.is_ok() {
            taken += piece.len();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        taken
    };
    let taken = read("64MiB", SIZE).await;
    assert!(taken + 1_000_000 < SIZE, "{taken}");
    assert!(read("1KiB", taken + 2_000_000).await > taken);
}
