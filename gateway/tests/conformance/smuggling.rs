//! Requests that two servers would end at different bytes (RFC 9112, section 6.3): what one takes for a body, the other
//! takes for somebody's next request.

use crate::server::start;

/// What follows the request in the same connection, and must never be answered.
const NEXT: &str = "GET /v1/session/current HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn no_request_hides_in_the_body_of_another() {
    let server = start(&[]).await;
    let (chunks, plain) = ("2\r\n{}\r\n0\r\n\r\n", "{}");
    let longer = format!("content-length: {}", plain.len() + NEXT.len());
    let both = format!("transfer-encoding: chunked\r\n{longer}");
    let twice = format!("content-length: 2\r\n{longer}");
    let listed = format!("content-length: 2, {}", plain.len() + NEXT.len());
    let cases = [
        ("content-length: 4\r\ntransfer-encoding: chunked", chunks),
        (both.as_str(), chunks),
        (twice.as_str(), plain),
        (listed.as_str(), plain),
        ("content-length: +2", plain),
        ("content-length: 0x2", plain),
        ("content-length: -2", plain),
        ("transfer-encoding : chunked\r\ncontent-length: 2", plain),
        ("transfer-encoding: identity\r\ncontent-length: 2", plain),
        ("transfer-encoding: xchunked\r\ncontent-length: 2", plain),
        ("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\ncontent-length: 2", plain),
        ("transfer-encoding: chunked, identity", chunks),
        ("x: folded\r\n transfer-encoding: chunked\r\ncontent-length: 2", plain),
        ("x: ended by a line feed\ntransfer-encoding: chunked\r\ncontent-length: 2", chunks),
        ("transfer-encoding: chunked", "2;extension\n{}\r\n0\r\n\r\n"),
        ("transfer-encoding: chunked", "-2\r\n{}\r\n0\r\n\r\n"),
        ("transfer-encoding: chunked", "10000000000000002\r\n{}\r\n0\r\n\r\n"),
    ];
    for (headers, body) in cases {
        let head = "POST /v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
        // Reads until the gateway closes the connection.
        let answer = server.raw(&format!("{head}{headers}\r\n\r\n{body}{NEXT}")).await;
        let answers = answer.matches("HTTP/1.1 ").count();
        assert_eq!(answers, 1, "{headers:?} with {body:?}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{headers:?} with {body:?}: {answer}");
    }
    // The same connection, without a doubt about where the first one ends, takes both.
    let close = NEXT.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let clear =
        "POST /v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n";
    let answer = server.raw(&format!("{clear}{plain}{close}")).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 2, "{answer}");
}
