//! The `Host` header, against DNS rebinding.

use crate::server::{Server, start};

async fn status(server: &Server, target: &str, hosts: &str) -> String {
    let answer = server.raw(&format!("GET {target} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n")).await;
    answer[9..12].to_owned()
}

#[tokio::test]
async fn a_loopback_gateway_answers_for_its_own_hosts_only() {
    let server = start(&["--public-url", "https://files.example:444/x"]).await;
    let port = server.address.port();
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "files.example", "Files.Example:1"] {
        for host in [host.to_owned(), format!("{}:{port}", host.trim_end_matches(":1"))] {
            assert_eq!(status(&server, "/v1/buckets", &format!("host: {host}\r\n")).await, "401", "{host}");
        }
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "localhost.",
        "localhost@evil.example",
        "evil.example@localhost",
        "files.example.evil.example",
        "[::2]",
        "::1",
        "",
        "local host",
    ] {
        for target in ["/v1/buckets", "/", "/pkg/x"] {
            let status = status(&server, target, &format!("host: {host}\r\n")).await;
            assert!(status == "421" || status == "400", "{host}: {status}");
        }
    }
    assert_eq!(status(&server, "/v1/buckets", "").await, "421");
    assert_eq!(status(&server, "/v1/buckets", "host: localhost\r\nhost: evil.example\r\n").await, "421");
    // An absolute target counts before the header.
    assert_eq!(status(&server, "http://evil.example/v1/buckets", "host: localhost\r\n").await, "421");
    assert_eq!(status(&server, "http://localhost/v1/buckets", "host: localhost\r\n").await, "401");
}

#[tokio::test]
async fn a_gateway_for_others_answers_for_any_host() {
    let server = start(&["--listen", "0.0.0.0:0"]).await;
    let port = server.address.port();
    let client = &server.client;
    let url = format!("http://127.0.0.1:{port}/v1/buckets");
    assert_eq!(client.get(url).header("host", "files.example").send().await.unwrap().status(), 401);
}
