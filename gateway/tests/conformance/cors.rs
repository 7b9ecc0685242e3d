//! What pages of other origins may do.

use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::json;

use crate::server::{Server, start};

const HEADERS: &str = "authorization,content-type,partnumber,key,uploadid,x-api-key";

async fn preflight(server: &Server, origin: &str, path: &str) -> Response {
    let request = server.client.request(Method::OPTIONS, format!("{}{path}", server.url)).header("origin", origin);
    let request = request.header("access-control-request-method", "PUT");
    request.header("access-control-request-headers", "authorization,key,partnumber,uploadid").send().await.unwrap()
}

fn allowed(headers: &HeaderMap) -> Option<&str> {
    headers.get("access-control-allow-origin").map(|origin| origin.to_str().unwrap())
}

fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    let mut list: Vec<String> =
        headers[name].to_str().unwrap().split(',').map(|item| item.trim().to_ascii_lowercase()).collect();
    list.sort();
    list
}

#[tokio::test]
async fn a_preflight_allows_exactly_the_documented_headers() {
    let server = start(&[]).await;
    for path in ["/v1/buckets", "/v1/session", "/v1/link/x", "/v1/buckets/complete", "/v1/nothing"] {
        let response = preflight(&server, "http://localhost:9999", path).await;
        assert!(response.status().is_success());
        let headers = response.headers();
        assert_eq!(allowed(headers), Some("http://localhost:9999"));
        let mut expected: Vec<String> = HEADERS.split(',').map(str::to_owned).collect();
        expected.sort();
        assert_eq!(list(headers, "access-control-allow-headers"), expected);
        assert_eq!(list(headers, "access-control-allow-methods"), ["delete", "get", "head", "post", "put"]);
        assert_eq!(headers["access-control-max-age"], "7200");
        assert!(list(headers, "vary").contains(&"origin".to_owned()));
        assert!(headers.get("access-control-allow-credentials").is_none());
    }
}

#[tokio::test]
async fn loopback_origins_may_and_others_may_not() {
    let server = start(&[]).await;
    for origin in ["http://localhost", "https://localhost:1", "http://127.0.0.1:8080", "http://[::1]:1", &server.url] {
        assert_eq!(allowed(preflight(&server, origin, "/v1/buckets").await.headers()), Some(origin));
    }
    for origin in
        ["null", "https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "*", ""]
    {
        assert_eq!(allowed(preflight(&server, origin, "/v1/buckets").await.headers()), None, "{origin}");
    }
}

#[tokio::test]
async fn named_origins_replace_the_loopback_ones() {
    let flags = ["--allow-origin", "https://app.example", "--allow-origin", "https://b.example:444"];
    let server = start(&[&flags[..], &["--public-url", "https://files.example/x"]].concat()).await;
    for origin in ["https://app.example", "https://b.example:444", "https://files.example", &server.url] {
        assert_eq!(allowed(preflight(&server, origin, "/v1/buckets").await.headers()), Some(origin));
    }
    for origin in ["http://localhost:1", "http://app.example", "https://app.example:1", "https://b.example", "null"] {
        assert_eq!(allowed(preflight(&server, origin, "/v1/buckets").await.headers()), None, "{origin}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_refusals_too() {
    let server = start(&[]).await;
    let member = server.session(json!({})).await;
    let link = member.file(&[b"abc"]).await.link().await;
    let origin = "http://localhost:5";
    let url = |path: &str| format!("{}/v1{path}", server.url);
    let send = |request: reqwest::RequestBuilder| async { request.header("origin", origin).send().await.unwrap() };
    let client = &server.client;
    for (status, response) in [
        (200, send(member.request(Method::GET, "/buckets")).await),
        (200, send(client.get(&link)).await),
        (416, send(client.get(&link).header("range", "bytes=9-")).await),
        (401, send(client.get(url("/buckets"))).await),
        (401, send(client.put(url("/buckets")).body(vec![0; 100_000])).await),
        (403, send(client.get(url("/link/x"))).await),
        (404, send(member.request(Method::GET, "/buckets/file/x")).await),
        (404, send(client.get(url("/nothing"))).await),
        (405, send(client.patch(url("/buckets"))).await),
        (413, send(client.post(url("/session")).json(&"x".repeat(70_000))).await),
        (415, send(client.post(url("/session")).body("x")).await),
        (421, send(client.get(url("/buckets")).header("host", "evil.example")).await),
    ] {
        assert_eq!(response.status().as_u16(), status);
        let headers = response.headers();
        assert_eq!(allowed(headers), Some(origin), "{status}");
        let exposed = ["content-disposition", "content-length", "content-range", "etag", "retry-after"];
        assert_eq!(list(headers, "access-control-expose-headers"), exposed);
        assert!(list(headers, "vary").contains(&"origin".to_owned()));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
    }
}
