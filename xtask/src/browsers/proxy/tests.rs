//! The proxy on real sockets, before a small real server.
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener as StdListener, TcpStream},
    sync::mpsc,
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use super::{rule::merge, serve};

/// A server that answers every request with a JSON that tells what it got, and reports each on a channel.
fn echo() -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, sender) = (stream.unwrap(), sender.clone());
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut first, mut length) = (String::new(), 0);
                reader.read_line(&mut first).unwrap();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                sender.send(first.trim().to_owned()).unwrap();
                let answer = json!({ "line": first.trim(), "bytes": length, "tag": "t" }).to_string();
                let head = format!("HTTP/1.1 200 OK\r\nETag: \"t\"\r\nContent-Length: {}\r\n\r\n", answer.len());
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            });
        }
    });
    (address, receiver)
}

struct Running {
    proxy: SocketAddr,
    seen: mpsc::Receiver<String>,
    _runtime: tokio::runtime::Runtime,
}

fn start() -> Running {
    let (gateway, seen) = echo();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let proxy = listener.local_addr().unwrap();
    runtime.spawn(serve(listener, format!("http://{gateway}")));
    Running { proxy, seen, _runtime: runtime }
}

impl Running {
    /// Everything the proxy answers to one request until it closes the connection.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.proxy).unwrap();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: p\r\n{headers}Content-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A connection that was closed on us may end in an error; what counts is what came before.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn program(&self, rules: &Value) {
        let answer = self.ask("POST", "/scenario/one", "", &rules.to_string());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn log(&self) -> Vec<Value> {
        let answer = self.ask("GET", "/log/one", "", "");
        let json: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        json.as_array().unwrap().clone()
    }
}

#[test]
fn a_request_is_forwarded_and_recorded_without_secrets() {
    let running = start();
    let answer = running.ask("PUT", "/one/v1/buckets?q=1", "Authorization: Bearer hush\r\npartNumber: 7\r\n", "12345");
    assert!(answer.contains("\"bytes\":5"), "{answer}");
    assert_eq!(running.seen.recv().unwrap(), "PUT /v1/buckets?q=1 HTTP/1.1");
    let log = running.log();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["path"], "/one/v1/buckets");
    assert_eq!(log[0]["partNumber"], 7);
    assert_eq!(log[0]["contentLength"], 5);
    assert_eq!(log[0]["status"], 200);
    assert_eq!(log[0]["headers"], json!(["authorization", "content-length", "host", "partnumber"]));
    assert!(!Value::from(log).to_string().contains("hush"));
}

#[test]
fn rules_count_their_turns_and_leave_preflights_alone() {
    let running = start();
    running.program(&json!([{
        "match": { "path": "^/v1/buckets$", "nth": [2, 3] },
        "do": { "status": 503, "headers": { "Retry-After": "1" }, "body": "later" }
    }]));
    let statuses: Vec<String> = ["PUT", "OPTIONS", "PUT", "PUT", "PUT"]
        .iter()
        .map(|method| running.ask(method, "/one/v1/buckets", "Origin: http://page\r\n", "x"))
        .map(|answer| answer.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(statuses, ["200", "200", "503", "503", "200"]);
    let again = running.ask("PUT", "/one/v1/buckets/complete", "", "");
    assert!(again.contains("200 OK"), "the pattern ends before /complete: {again}");
}

#[test]
fn an_invented_answer_can_be_read_by_the_page_and_the_gateway_sees_nothing() {
    let running = start();
    running.program(&json!([{ "do": { "status": 500, "body": "{}" } }]));
    let answer = running.ask("PUT", "/one/v1/buckets", "Origin: http://page\r\n", "x");
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.contains("access-control-allow-origin: http://page"), "{answer}");
    assert!(running.seen.try_recv().is_err());
}

#[test]
fn a_drop_before_hides_the_request_and_one_after_hides_the_answer() {
    let running = start();
    running.program(&json!([
        { "match": { "method": "PUT" }, "do": { "drop": "before" } },
        { "match": { "method": "POST" }, "do": { "drop": "after" } },
    ]));
    assert_eq!(running.ask("PUT", "/one/v1/buckets", "", "x"), "");
    assert!(running.seen.try_recv().is_err());
    assert_eq!(running.ask("POST", "/one/v1/buckets", "", "x"), "");
    assert!(running.seen.recv().unwrap().starts_with("POST"));
    assert_eq!(running.log()[1]["status"], Value::Null);
}

#[test]
fn forward_lets_the_gateway_act_before_the_lie() {
    let running = start();
    running.program(&json!([{ "do": { "status": 500, "forward": true } }]));
    assert!(running.ask("POST", "/one/v1/buckets/complete", "", "{}").starts_with("HTTP/1.1 500"));
    assert!(running.seen.recv().unwrap().starts_with("POST"));
}

#[test]
fn a_real_answer_is_rewritten_or_gets_other_headers() {
    let running = start();
    running.program(&json!([
        { "match": { "nth": [1] }, "do": { "rewriteJson": { "tag": null, "bytes": { "much": 1 } } } },
        { "match": { "nth": [1] }, "do": { "headers": { "ETag": null, "X-New": "1" } } },
    ]));
    let answer = running.ask("PUT", "/one/v1/buckets", "", "x");
    assert!(answer.contains("{\"bytes\":{\"much\":1},\"line\":"), "{answer}");
    assert!(!answer.contains("\"tag\""), "{answer}");
    let answer = running.ask("PUT", "/one/v1/buckets", "", "x").to_ascii_lowercase();
    assert!(answer.contains("x-new: 1") && !answer.contains("etag"), "{answer}");
}

#[test]
fn a_huge_body_is_streamed_and_a_cut_one_breaks_off() {
    let running = start();
    running.program(&json!([
        { "match": { "nth": [1] }, "do": { "body": "[", "bodyRepeat": ["0,", 10_000_000] } },
        { "match": { "nth": [1] }, "do": { "body": "0123456789", "cutAfter": 4, "headers": { "Content-Length": "10" } } },
    ]));
    let answer = running.ask("GET", "/one/v1/buckets", "", "");
    assert!(answer.len() > 20_000_000, "{} bytes", answer.len());
    let answer = running.ask("GET", "/one/v1/buckets", "", "");
    assert!(answer.ends_with("\r\n\r\n0123"), "{answer}");
}

#[test]
fn a_redirect_points_there_and_a_delay_is_kept() {
    let running = start();
    running.program(&json!([{ "do": { "redirect": "http://127.0.0.1:1/there", "delayMs": 300 } }]));
    let start = Instant::now();
    let answer = running.ask("PUT", "/one/v1/buckets", "", "x");
    assert!(answer.starts_with("HTTP/1.1 307") && answer.contains("location: http://127.0.0.1:1/there"), "{answer}");
    assert!(start.elapsed().as_millis() >= 300);
}

#[test]
fn a_wrong_rule_is_refused_with_a_sentence() {
    let running = start();
    for rules in [json!([{ "do": { "stauts": 500 } }]), json!([{ "match": { "path": "^(" }, "do": {} }]), json!({})] {
        let answer = running.ask("POST", "/scenario/one", "", &rules.to_string());
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("\"error\""), "{answer}");
    }
}

#[test]
fn merge_patches_as_rfc_7386_says() {
    let mut target = json!({ "a": "b", "c": { "d": "e", "f": "g" } });
    merge(&mut target, &json!({ "a": "z", "c": { "f": null }, "n": { "x": null } }));
    assert_eq!(target, json!({ "a": "z", "c": { "d": "e" }, "n": {} }));
}
