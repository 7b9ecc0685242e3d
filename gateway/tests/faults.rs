//! The fault layer over real sockets, before the real store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "conformance/server.rs"]
#[allow(dead_code)]
mod server;

use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use server::{Member, Server, Upload, bytes, client, fine, read, refused, start};

/// A gateway, a scenario of it, and a member who speaks to the gateway through the scenario.
struct Scene {
    server: Server,
    member: Member,
}

impl Scene {
    async fn new(rules: Value) -> Self {
        let server = start(&[]).await;
        let mut member = server.session(json!({})).await;
        member.url = format!("{}/one", server.url);
        let scene = Self { server, member };
        scene.set(rules).await;
        scene
    }

    async fn set(&self, rules: Value) {
        let set = control(&self.server, Method::PUT, "/one").body(rules.to_string()).send().await.unwrap();
        let status = set.status();
        assert_eq!(status, StatusCode::NO_CONTENT, "{}", set.text().await.unwrap());
    }

    async fn told(&self) -> Value {
        fine(read(control(&self.server, Method::GET, "/one").send().await.unwrap()).await)
    }

    async fn log(&self) -> Vec<Value> {
        self.told().await["log"].as_array().unwrap().clone()
    }

    /// The fields of the last logged request.
    async fn last(&self, fields: &[&str]) -> Vec<Value> {
        let log = self.log().await;
        fields.iter().map(|field| log.last().unwrap()[*field].clone()).collect()
    }

    /// An upload of a file of one part of 1,000,000 bytes.
    async fn upload(&self) -> Upload {
        self.member.upload(1, 1_000_000).await
    }
}

/// A request to `/faults` and what is below it, by someone who knows the word.
fn control(server: &Server, method: Method, path: &str) -> reqwest::RequestBuilder {
    client().request(method, format!("{}/faults{path}", server.url)).header("Fault-Word", &server.word)
}

/// Puts part 1, where that may fail.
async fn put(upload: &Upload, patience: Duration) -> reqwest::Result<Response> {
    upload.part(1).body(bytes(1_000_000, 1)).timeout(patience).send().await
}

/// Waits until the last logged request has been acted on with this status.
async fn acted(scene: &Scene, status: u16) {
    let begun = Instant::now();
    while scene.last(&["acted"]).await != [json!(status)] {
        assert!(begun.elapsed() < LONG, "not acted on: {:?}", scene.last(&["acted", "fault", "bodyBytes"]).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const SHORT: Duration = Duration::from_millis(700);
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_scenario_is_the_same_api_on_the_same_store_and_is_logged_without_secrets() {
    let scene = Scene::new(json!([])).await;
    let upload = scene.upload().await;
    let tag = upload.tag(1, &bytes(1_000_000, 1)).await;
    fine(upload.complete(&[tag]).await);
    let plain = Member { url: scene.server.url.clone(), ..scene.member.clone() };
    assert_eq!(plain.list().await, scene.member.list().await);
    assert_eq!(upload.content().await, bytes(1_000_000, 1));

    let told = scene.told().await;
    assert_eq!(told["rules"], 0);
    let log = told["log"].as_array().unwrap();
    let paths: Vec<_> = log.iter().map(|entry| (entry["method"].clone(), entry["path"].clone())).collect();
    let expected = [
        ("POST", "/v1/buckets".to_owned()),
        ("PUT", "/v1/buckets".to_owned()),
        ("POST", "/v1/buckets/complete".to_owned()),
        ("GET", "/v1/buckets".to_owned()),
        ("GET", format!("/v1/buckets/download/{}", upload.key)),
    ];
    assert_eq!(paths, expected.map(|(method, path)| (json!(method), json!(path))));
    let part = &log[1];
    assert_eq!((&part["partNumber"], &part["key"]), (&json!(1), &json!(upload.key)));
    assert_eq!((&part["status"], &part["bodyBytes"], &part["fault"]), (&json!(200), &json!(1_000_000), &Value::Null));
    assert_eq!(part["headers"]["authorization"], "Bearer …");
    assert_eq!(part["headers"]["uploadid"], upload.id);
    assert!(part["at"].is_u64());
    assert!(!told.to_string().contains(&scene.member.token));
}

#[tokio::test]
async fn v1_is_the_scenario_default_and_scenarios_do_not_disturb_each_other() {
    let scene = Scene::new(json!([{ "do": { "status": 503 } }])).await;
    let get = async |path: &str| client().get(format!("{}{path}", scene.server.url)).send().await.unwrap().status();
    assert_eq!(get("/one/v1/session/current").await, 503);
    assert_eq!(get("/two/v1/session/current").await, 401);
    assert_eq!(get("/v1/session/current").await, 401);
    let rules = json!([{ "do": { "status": 418 } }]).to_string();
    let set = control(&scene.server, Method::PUT, "/default").body(rules).send().await.unwrap();
    assert_eq!(set.status(), 204);
    assert_eq!(get("/v1/session/current").await, 418);
    assert_eq!(get("/two/v1/session/current").await, 401);
    assert_eq!(get("/Wrong/v1/session/current").await, 404);
    let names = fine(read(control(&scene.server, Method::GET, "").send().await.unwrap()).await);
    assert_eq!(names, json!({ "scenarios": ["default", "one"] }));
    let unknown = fine(read(control(&scene.server, Method::GET, "/two").send().await.unwrap()).await);
    assert_eq!(unknown, json!({ "rules": 0, "log": [] }));
}

#[tokio::test]
async fn rules_count_their_turns_and_leave_preflights_alone() {
    let scene = Scene::new(json!([
        { "match": { "path": "^/v1/buckets$", "nth": [2] }, "do": { "status": 503, "headers": { "Retry-After": "1" } } },
        { "match": { "method": "PUT", "from": 2, "to": 3 }, "do": { "status": 500 } },
        { "match": { "method": "PUT", "partNumber": 7 }, "do": { "status": 429 } },
    ]))
    .await;
    let ask = async |method: &str, path: &str, part: u64| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = client().request(method, format!("{}/one/v1{path}", scene.server.url));
        request.header("Origin", "http://localhost:1").header("partNumber", part).send().await.unwrap()
    };
    let mut statuses = Vec::new();
    for (method, path, part) in [
        ("PUT", "/buckets", 1),
        ("OPTIONS", "/buckets", 1),
        ("PUT", "/buckets", 1),
        ("PUT", "/buckets", 1),
        ("PUT", "/buckets", 1),
        ("PUT", "/buckets", 7),
        ("PUT", "/buckets", 1),
    ] {
        statuses.push(ask(method, path, part).await.status().as_u16());
    }
    // The second rule does not count the request that the first one took.
    assert_eq!(statuses, [401, 200, 503, 500, 500, 429, 401]);
    scene.set(json!([{ "match": { "method": "OPTIONS" }, "do": { "status": 403 } }])).await;
    let preflight = ask("OPTIONS", "/buckets", 1).await;
    assert_eq!(preflight.status(), 403);
    assert!(preflight.headers().get("access-control-allow-origin").is_none());
    assert_eq!(scene.log().await.len(), 1);
}

#[tokio::test]
async fn an_invented_answer_can_be_read_by_the_page_and_nothing_is_stored() {
    let scene = Scene::new(json!([{ "match": { "method": "PUT" }, "do": { "status": 429, "body": "{}", "headers": { "Retry-After": "2", "ETag": "x" } } }])).await;
    let upload = scene.upload().await;
    let answer = upload.part(1).header("Origin", "http://page.example").body(bytes(1_000_000, 1)).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((answer.status().as_u16(), header("retry-after")), (429, "2".to_owned()));
    assert_eq!(header("access-control-allow-origin"), "http://page.example");
    assert_eq!(header("access-control-expose-headers"), "etag, retry-after");
    assert_eq!(header("connection"), "close");
    assert_eq!(
        scene.last(&["status", "acted", "fault", "bodyBytes"]).await,
        [json!(429), Value::Null, json!("status-429"), json!(1_000_000)]
    );
    refused(&upload.complete(&["x".to_owned()]).await, 400, "InvalidPart");
}

#[tokio::test]
async fn a_drop_hides_the_request_half_of_it_or_its_answer() {
    let scene = Scene::new(json!([
        { "match": { "method": "PUT", "nth": [1] }, "do": { "drop": "before" } },
        { "match": { "method": "PUT", "nth": [1] }, "do": { "drop": "middle" } },
        { "match": { "method": "PUT", "nth": [1] }, "do": { "drop": "after" } },
    ]))
    .await;
    let upload = scene.upload().await;
    for (fault, acted, least, most) in [
        ("drop-before", Value::Null, 0, 0),
        ("drop-middle", json!(400), 500_000, 500_000),
        ("drop-after", json!(200), 1_000_000, 1_000_000),
    ] {
        assert!(put(&upload, LONG).await.is_err(), "{fault}");
        let [found, status, did, received] =
            scene.last(&["fault", "status", "acted", "bodyBytes"]).await.try_into().unwrap();
        assert_eq!((found, status, did), (json!(fault), Value::Null, acted));
        assert!((least..=most).contains(&received.as_u64().unwrap()), "{fault}: {received}");
    }
    // What was stored without an answer is stored.
    let tag = upload.tag(1, &bytes(1_000_000, 1)).await;
    fine(upload.complete(&[tag]).await);
    assert_eq!(upload.content().await, bytes(1_000_000, 1));
}

#[tokio::test]
async fn a_hang_answers_nothing_or_only_headers() {
    let scene = Scene::new(json!([
        { "match": { "method": "PUT", "nth": [1] }, "do": { "hang": "before" } },
        { "match": { "method": "PUT", "nth": [1] }, "do": { "hang": "after" } },
        { "match": { "method": "PUT", "nth": [1] }, "do": { "hang": "headers" } },
    ]))
    .await;
    let upload = scene.upload().await;
    assert!(put(&upload, SHORT).await.unwrap_err().is_timeout());
    assert_eq!(scene.last(&["status", "acted", "bodyBytes"]).await, [Value::Null, Value::Null, json!(0)]);
    assert!(put(&upload, SHORT).await.unwrap_err().is_timeout());
    assert_eq!(scene.last(&["status", "acted", "bodyBytes"]).await, [Value::Null, json!(200), json!(1_000_000)]);
    let answer = put(&upload, SHORT).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.unwrap_err().is_timeout());
    upload.tag(1, &bytes(1_000_000, 1)).await;
}

#[tokio::test]
async fn a_delay_and_a_throttle_take_their_time() {
    let scene = Scene::new(json!([
        { "match": { "method": "PUT", "nth": [1] }, "do": { "throttle": 1_000_000 } },
        { "match": { "method": "PUT", "nth": [1] }, "do": { "delayMs": 400 } },
    ]))
    .await;
    let upload = scene.upload().await;
    for least in [800, 400] {
        let begun = Instant::now();
        upload.tag(1, &bytes(1_000_000, 1)).await;
        assert!(begun.elapsed().as_millis() >= least, "{:?} < {least} ms", begun.elapsed());
    }
}

#[tokio::test]
async fn a_lie_after_the_act_and_a_rewritten_answer() {
    let scene = Scene::new(json!([
        { "match": { "method": "PUT", "nth": [1] }, "do": { "status": 500, "forward": true } },
        { "match": { "method": "PUT", "nth": [1] }, "do": { "rewriteJson": { "tag": null, "partNumber": { "much": 1 } } } },
        { "match": { "method": "PUT", "nth": [1] }, "do": { "headers": { "ETag": null, "Server": "1" } } },
    ]))
    .await;
    let upload = scene.upload().await;
    assert_eq!(put(&upload, LONG).await.unwrap().status(), 500);
    assert_eq!(scene.last(&["status", "acted"]).await, [json!(500), json!(200)]);
    assert_eq!(put(&upload, LONG).await.unwrap().text().await.unwrap(), r#"{"partNumber":{"much":1}}"#);
    let answer = put(&upload, LONG).await.unwrap();
    assert!(answer.headers().contains_key("server") && !answer.headers().contains_key("etag"));
}

#[tokio::test]
async fn a_huge_body_is_streamed_and_a_cut_one_breaks_off() {
    let scene = Scene::new(json!([
        { "match": { "nth": [1] }, "do": { "body": "[", "bodyRepeat": ["0,", 10_000_000] } },
        { "match": { "nth": [1] }, "do": { "body": "0123456789", "cutAfter": 4, "headers": { "Content-Length": "10" } } },
        { "match": { "nth": [1] }, "do": { "cutAfter": 2 } },
    ]))
    .await;
    let get = async || scene.member.request(Method::GET, "/session/current").send().await.unwrap();
    assert_eq!(get().await.bytes().await.unwrap().len(), 20_000_001);
    for expected in [&b"0123"[..], b"{\""] {
        let mut answer = get().await;
        let mut received = Vec::new();
        let broken = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => received.extend_from_slice(&chunk),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert_eq!((received.as_slice(), broken), (expected, true));
    }
}

#[tokio::test]
async fn a_redirect_points_there() {
    let scene = Scene::new(json!([{ "do": { "redirect": "http://127.0.0.1:1/there" } }])).await;
    let answer = scene.member.request(Method::GET, "/buckets").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
        (307, "http://127.0.0.1:1/there")
    );
}

#[tokio::test]
async fn expired_tokens_are_refused_everywhere_until_one_joins_again() {
    let scene = Scene::new(json!([{ "match": { "method": "PUT", "nth": [1] }, "do": { "expireTokens": true } }])).await;
    let guest = fine(scene.server.join(&json!({ "sessionId": scene.member.session_id() })).await);
    let other = scene.server.session(json!({})).await;
    let upload = scene.upload().await;
    refused(&upload.put(1, &bytes(1_000_000, 1)).await, 401, "InvalidToken");
    refused(&upload.put(1, &bytes(1_000_000, 1)).await, 401, "InvalidToken");
    assert_eq!(scene.last(&["fault"]).await, [json!("expired-token")]);
    refused(&scene.server.member(guest).ask(Method::GET, "/buckets").await, 401, "InvalidToken");
    fine(other.ask(Method::GET, "/buckets").await);
    let joined = fine(scene.server.join(&json!({ "sessionId": scene.member.session_id() })).await);
    let upload = Upload { member: Member { url: scene.member.url.clone(), ..scene.server.member(joined) }, ..upload };
    upload.tag(1, &bytes(1_000_000, 1)).await;
}

#[tokio::test]
async fn a_full_disk_is_507_and_stores_nothing() {
    let scene = Scene::new(json!([{ "match": { "method": "PUT", "nth": [1] }, "do": { "diskFull": true } }])).await;
    let upload = scene.upload().await;
    refused(&upload.put(1, &bytes(1_000_000, 1)).await, 507, "InsufficientStorage");
    assert_eq!(scene.last(&["fault", "status"]).await, [json!("disk-full"), json!(507)]);
    refused(&upload.complete(&["x".to_owned()]).await, 400, "InvalidPart");
    upload.tag(1, &bytes(1_000_000, 1)).await;
}

#[tokio::test]
async fn a_restart_breaks_every_connection_and_keeps_the_store() {
    let scene = Scene::new(json!([{ "match": { "method": "PUT", "nth": [1] }, "do": { "restart": 600 } }])).await;
    let upload = scene.upload().await;
    let mut idle = tokio::net::TcpStream::connect(scene.server.address).await.unwrap();
    // Another request makes sure that the idle connection was accepted.
    upload.info().await;
    let begun = Instant::now();
    assert!(put(&upload, LONG).await.is_err());
    let broken = tokio::time::timeout(SHORT, idle.read(&mut [0])).await.expect("the idle connection is open");
    assert!(!matches!(broken, Ok(1..)));
    assert!(tokio::net::TcpStream::connect(scene.server.address).await.is_err(), "it still listens");
    while tokio::net::TcpStream::connect(scene.server.address).await.is_err() {
        assert!(begun.elapsed() < LONG, "it does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(590), "it was back after {:?}", begun.elapsed());
    upload.tag(1, &bytes(1_000_000, 1)).await;
    let faults: Vec<Value> = scene.log().await.iter().map(|entry| entry["fault"].clone()).collect();
    assert_eq!(faults.iter().filter(|fault| **fault == "restart").count(), 1);
}

#[tokio::test]
async fn a_gateway_that_thinks_has_read_everything_and_acts_for_a_client_who_is_gone() {
    let scene = Scene::new(json!([{ "match": { "method": "PUT" }, "do": { "thinkMs": 1200 } }])).await;
    let upload = scene.upload().await;
    assert!(put(&upload, SHORT).await.unwrap_err().is_timeout());
    assert_eq!(
        scene.last(&["status", "acted", "bodyBytes", "fault"]).await,
        [Value::Null, Value::Null, json!(1_000_000), json!("think")]
    );
    acted(&scene, 200).await;
    let begun = Instant::now();
    let tag = upload.tag(1, &bytes(1_000_000, 1)).await;
    assert!(begun.elapsed() >= Duration::from_millis(1200), "{:?}", begun.elapsed());
    fine(upload.complete(&[tag]).await);
    assert_eq!(upload.content().await, bytes(1_000_000, 1));
}

#[tokio::test]
async fn a_late_act_and_a_lie_after_the_thought() {
    let scene = Scene::new(json!([
        { "match": { "method": "PUT", "nth": [1] }, "do": { "thinkMs": 300, "status": 504 } },
        { "match": { "method": "PUT", "nth": [1] }, "do": { "thinkMs": 300, "status": 504, "forward": true } },
    ]))
    .await;
    let upload = scene.upload().await;
    for did in [Value::Null, json!(200)] {
        let begun = Instant::now();
        assert_eq!(put(&upload, LONG).await.unwrap().status(), 504);
        assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
        assert_eq!(scene.last(&["status", "acted"]).await, [json!(504), did]);
    }
}

#[tokio::test]
async fn what_is_swallowed_goes_over_one_line_one_body_after_the_other() {
    let scene = Scene::new(json!([{ "match": { "method": "PUT" }, "do": { "swallow": 1_000_000 } }])).await;
    let uploads = [scene.upload().await, scene.upload().await, scene.upload().await];
    let begun = Instant::now();
    let one = async |upload: &Upload| {
        upload.tag(1, &bytes(1_000_000, 1)).await;
        begun.elapsed().as_millis()
    };
    let (first, second) = tokio::join!(one(&uploads[0]), one(&uploads[1]));
    let (early, late) = (first.min(second), first.max(second));
    assert!(early >= 1000 && late >= 2000, "{early} ms, {late} ms");
    // All of it was taken long before, and arrives though nobody waits for it.
    assert!(put(&uploads[2], SHORT).await.unwrap_err().is_timeout());
    assert_eq!(scene.last(&["acted", "bodyBytes", "fault"]).await, [Value::Null, json!(1_000_000), json!("swallow")]);
    acted(&scene, 200).await;
}

#[tokio::test]
async fn an_early_answer_comes_before_the_body_and_then_a_reset() {
    let scene = Scene::new(json!([{ "match": { "method": "PUT" }, "do": { "early": true, "status": 413 } }])).await;
    let mut socket = tokio::net::TcpStream::connect(scene.server.address).await.unwrap();
    let head = "PUT /one/v1/buckets HTTP/1.1\r\nhost: localhost\r\norigin: http://page.example\r\n\
                content-length: 1000000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&[0; 1000]).await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(LONG, socket.read_to_end(&mut answer)).await.expect("the connection stays open");
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("http://page.example"), "{answer}");
    assert_eq!(
        scene.last(&["status", "acted", "bodyBytes", "fault"]).await,
        [json!(413), Value::Null, json!(0), json!("early-413")]
    );
    // Nothing before it was broken: another connection is served.
    scene.upload().await;
}

#[tokio::test]
async fn cors_is_hidden_of_real_and_of_invented_answers() {
    let scene = Scene::new(json!([
        { "match": { "nth": [1] }, "do": { "hideCors": true } },
        { "match": { "nth": [1] }, "do": { "hideCors": true, "status": 401 } },
        { "match": { "nth": [1] }, "do": { "hide": ["Retry-After"], "status": 429, "headers": { "Retry-After": "3" } } },
        { "match": { "nth": [1] }, "do": { "hide": ["retry-after", "ETag"] } },
    ]))
    .await;
    let ask = async || {
        let request = scene.member.request(Method::GET, "/buckets").header("Origin", "http://localhost:1");
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let cors = answer.headers().keys().filter(|name| name.as_str().starts_with("access-control-")).count();
        let exposed = header("access-control-expose-headers").unwrap_or_default();
        (answer.status().as_u16(), cors, exposed, header("retry-after"))
    };
    assert_eq!(ask().await, (200, 0, String::new(), None));
    assert_eq!(scene.last(&["fault"]).await, [json!("hide-cors")]);
    assert_eq!(ask().await, (401, 0, String::new(), None));
    assert_eq!(ask().await, (429, 2, "etag".to_owned(), Some("3".to_owned())));
    let (status, _, exposed, _) = ask().await;
    assert_eq!((status, exposed.as_str()), (200, "content-range, content-length, content-disposition"));
    assert_eq!(scene.last(&["fault"]).await, [json!("hide")]);
    assert!(ask().await.2.contains("retry-after"));
}

#[tokio::test]
async fn a_range_is_ignored_or_another_and_a_body_stops_coming() {
    let scene = Scene::new(json!([])).await;
    let upload = scene.upload().await;
    let all = bytes(1_000_000, 1);
    let tag = upload.tag(1, &all).await;
    fine(upload.complete(&[tag]).await);
    let path = format!("/buckets/download/{}", upload.key);
    let given = fine(read(scene.member.request(Method::GET, &path).send().await.unwrap()).await);
    let link = given["url"].as_str().unwrap().replace("/v1/link/", "/one/v1/link/");
    let get = async || client().get(&link).header("Range", "bytes=9-").send().await.unwrap();
    scene
        .set(json!([
            { "match": { "nth": [1] }, "do": { "range": "" } },
            { "match": { "nth": [1] }, "do": { "range": "bytes=5-" } },
            { "match": { "nth": [1] }, "do": { "hangAfter": 100 } },
        ]))
        .await;
    for (status, begins) in [(200, 0), (206, 5)] {
        let answer = get().await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.bytes().await.unwrap(), &all[begins..]);
    }
    let mut answer = get().await;
    let mut received = 0;
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout(SHORT, answer.chunk()).await {
        received += chunk.len();
    }
    assert_eq!(received, 100);
    assert_eq!(scene.last(&["fault"]).await, [json!("hang-body")]);
}

#[tokio::test]
async fn a_completion_takes_its_time_and_a_second_one_meanwhile_is_a_conflict() {
    let scene = Scene::new(json!([{ "do": { "joinMs": 2000 } }])).await;
    let upload = scene.upload().await;
    let tags = [upload.tag(1, &bytes(1_000_000, 1)).await];
    let body = json!({ "tags": tags, "key": upload.key });
    let first = upload.member.request(Method::POST, "/buckets/complete").json(&body).timeout(SHORT).send().await;
    assert!(first.unwrap_err().is_timeout());
    assert_eq!(scene.last(&["acted", "fault"]).await, [Value::Null, json!("join")]);
    refused(&upload.complete(&tags).await, 409, "OperationAborted");
    assert_eq!(fine(upload.info().await)["completed"], json!(false));
    let begun = Instant::now();
    while fine(upload.info().await)["completed"] == json!(false) {
        assert!(begun.elapsed() < LONG, "it is never complete");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let begun = Instant::now();
    fine(upload.complete(&tags).await);
    assert!(begun.elapsed() < Duration::from_secs(2), "it is joined again");
    assert_eq!(upload.content().await, bytes(1_000_000, 1));
}

#[tokio::test]
async fn a_lie_does_not_wait_for_the_completion_behind_it() {
    let scene = Scene::new(json!([{ "do": { "joinMs": 1500, "status": 504, "forward": true } }])).await;
    let upload = scene.upload().await;
    let tags = [upload.tag(1, &bytes(1_000_000, 1)).await];
    let begun = Instant::now();
    assert_eq!(upload.complete(&tags).await.0, 504);
    assert_eq!(fine(upload.info().await)["completed"], json!(false));
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    while fine(upload.info().await)["completed"] == json!(false) {
        assert!(begun.elapsed() < LONG, "it is never complete");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(1500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn refused_tags_stay_refused_until_every_part_was_sent_again() {
    let scene = Scene::new(json!([{ "do": { "refuseTags": true } }])).await;
    let upload = scene.member.upload(2, 2000).await;
    let send = async |number: u64| upload.tag(number, &bytes(1000, number)).await;
    let tags = [send(1).await, send(2).await];
    refused(&upload.complete(&tags).await, 400, "InvalidPart");
    assert_eq!(scene.last(&["fault"]).await, [json!("refuse-tags")]);
    refused(&upload.complete(&tags).await, 400, "InvalidPart");
    send(2).await;
    refused(&upload.complete(&tags).await, 400, "InvalidPart");
    // What the gateway did not store does not count.
    refused(&upload.put(1, &bytes(3000, 1)).await, 413, "EntityTooLarge");
    refused(&upload.complete(&tags).await, 400, "InvalidPart");
    send(1).await;
    fine(upload.complete(&tags).await);
}

#[tokio::test]
async fn a_limiter_counts_what_it_serves_preflights_included_where_it_says_so() {
    let scene = Scene::new(json!([
        { "match": { "method": "*" }, "do": { "limit": { "requests": 2, "seconds": 2.5 }, "headers": { "Retry-After": "1" } } },
        { "match": { "method": "DELETE" }, "do": { "status": 418 } },
    ]))
    .await;
    let ask = async |method: Method| {
        let request = scene.member.request(method, "/buckets").header("Origin", "http://localhost:1");
        let answer = request.header("Access-Control-Request-Method", "PUT").send().await.unwrap();
        (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
    };
    assert_eq!(ask(Method::OPTIONS).await, (200, false));
    // What the limiter lets pass is left to the rules below.
    assert_eq!(ask(Method::DELETE).await, (418, false));
    assert_eq!(ask(Method::GET).await, (429, true));
    assert_eq!(scene.last(&["fault"]).await, [json!("limit-429")]);
    assert_eq!(ask(Method::OPTIONS).await, (429, true));
    tokio::time::sleep(Duration::from_millis(2550)).await;
    assert_eq!(ask(Method::GET).await, (200, false));

    scene.set(json!([{ "do": { "limit": { "requests": 0, "seconds": 1 }, "status": 503, "hideCors": true } }])).await;
    assert_eq!(ask(Method::OPTIONS).await, (200, false));
    let answer = scene.member.request(Method::GET, "/buckets").header("Origin", "http://localhost:1");
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_fresh_token_is_refused_until_it_has_reached_all_replicas() {
    let scene = Scene::new(json!([{ "do": { "refuseTokensMs": 1500 } }])).await;
    let fresh = fine(scene.server.join(&json!({ "sessionId": scene.member.session_id() })).await);
    let fresh = Member { url: scene.member.url.clone(), ..scene.server.member(fresh) };
    let begun = Instant::now();
    refused(&fresh.ask(Method::GET, "/buckets").await, 401, "InvalidToken");
    assert_eq!(scene.last(&["fault", "status"]).await, [json!("refuse-tokens"), json!(401)]);
    while fresh.ask(Method::GET, "/buckets").await.0 == 401 {
        assert!(begun.elapsed() < LONG, "it is never taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(1000), "{:?}", begun.elapsed());
    // A token from before is good, and whoever has none is told what the gateway says.
    fine(scene.member.ask(Method::GET, "/buckets").await);
    assert_eq!(scene.last(&["fault"]).await, [Value::Null]);
}

#[tokio::test]
async fn a_wrong_rule_or_name_is_refused_with_a_sentence_and_changes_nothing() {
    let scene = Scene::new(json!([{ "match": { "nth": [99] }, "do": { "status": 500 } }])).await;
    let set = async |name: &str, rules: &str| {
        let request = control(&scene.server, Method::PUT, &format!("/{name}"));
        read(request.body(rules.to_owned()).send().await.unwrap()).await
    };
    for rules in [
        json!([{ "do": { "stauts": 500 } }]),
        json!([{ "match": { "path": "^(" }, "do": {} }]),
        json!([{ "match": { "path": r"(\w{500}){500}" }, "do": {} }]),
        json!([{ "match": {} }]),
        json!([{ "do": { "hang": "sideways" } }]),
        json!([{ "do": { "early": true } }]),
        json!([{ "do": { "hide": ["no header"] } }]),
        json!([{ "do": { "limit": { "requests": 1 } } }]),
        json!([{ "do": { "limit": { "requests": 1, "seconds": 1, "burst": 1 } } }]),
        json!({}),
        json!("["),
    ] {
        let answer = set("one", &rules.to_string()).await;
        assert_eq!((answer.0.as_u16(), answer.1["code"].as_str()), (400, Some("InvalidArgument")), "{rules}");
        assert!(answer.1["message"].as_str().unwrap().len() > 10);
    }
    let unknown = set("one", &json!([{ "do": { "thinkMS": 1 } }]).to_string()).await;
    assert!(unknown.1["message"].as_str().unwrap().contains("`thinkMS`"), "{unknown:?}");
    // What has no end, overflows, panics or runs, by its field.
    let long = "x".repeat(1000);
    let header = |name: &str, value: Value| json!({ "do": { "headers": { name: value } } });
    for (field, rule) in [
        ("bodyRepeat", json!({ "do": { "bodyRepeat": ["", 5] } })),
        ("bodyRepeat", json!({ "do": { "bodyRepeat": ["", u64::MAX] } })),
        ("bodyRepeat", json!({ "do": { "bodyRepeat": [long, u64::MAX] } })),
        ("bodyRepeat", json!({ "do": { "bodyRepeat": [long, 5_000_000] } })),
        ("restart", json!({ "match": { "nth": [1] }, "do": { "restart": u64::MAX } })),
        ("restart", json!({ "do": { "restart": 100 } })),
        ("delayMs", json!({ "do": { "delayMs": u64::MAX } })),
        ("thinkMs", json!({ "do": { "thinkMs": u64::MAX } })),
        ("joinMs", json!({ "do": { "joinMs": 600_001 } })),
        ("refuseTokensMs", json!({ "do": { "refuseTokensMs": u64::MAX } })),
        ("throttle", json!({ "do": { "throttle": 0 } })),
        ("swallow", json!({ "do": { "swallow": 0 } })),
        ("status", json!({ "do": { "status": 101 } })),
        ("status", json!({ "do": { "status": 9999 } })),
        ("limit.requests", json!({ "do": { "limit": { "requests": u64::MAX, "seconds": 1 } } })),
        ("limit.seconds", json!({ "do": { "limit": { "requests": 1, "seconds": 1e18 } } })),
        ("redirect", json!({ "do": { "redirect": "a\nb" } })),
        ("range", json!({ "do": { "range": "a\nb" } })),
        ("Content-Length", header("content-length", json!("many"))),
        ("headers", header("ETag", json!("a\nb"))),
        ("Service-Worker-Allowed", header("Service-Worker-Allowed", json!("/"))),
        ("Content-Security-Policy", header("Content-Security-Policy", Value::Null)),
        ("X-Content-Type-Options", header("X-Content-Type-Options", Value::Null)),
        ("Set-Cookie", header("Set-Cookie", json!("a=b"))),
        ("Refresh", header("Refresh", json!("0;url=/"))),
        ("Link", header("Link", json!("</x.js>; rel=preload"))),
        ("Content-Disposition", header("Content-Disposition", Value::Null)),
        ("Content-Type", header("Content-Type", Value::Null)),
        ("Content-Type", header("Content-Type", json!("text/javascript"))),
        ("Content-Type", header("content-type", json!("image/svg+xml"))),
        ("Content-Type", header("Content-Type", json!("application/xhtml+xml"))),
        ("Content-Type", header("Content-Type", json!("application/wasm"))),
        ("nth", json!({ "match": { "nth": vec![1; 10_001] }, "do": {} })),
    ] {
        let answer = set("one", &json!([{ "do": {} }, rule]).to_string()).await;
        refused(&answer, 400, "InvalidArgument");
        let message = answer.1["message"].as_str().unwrap();
        assert!(message.contains(field), "{rule}: {message}");
    }
    refused(&set("one", &json!(vec![json!({ "do": {} }); 1001]).to_string()).await, 400, "InvalidArgument");
    for name in ["A", "a_b", "a%2Fb", &"x".repeat(65)] {
        refused(&set(name, "[]").await, 400, "InvalidArgument");
    }
    assert_eq!(scene.told().await["rules"], 1);
}

#[tokio::test]
async fn nobody_else_sets_or_reads_faults() {
    const TESTS: &str = "http://127.0.0.1:1234";
    let server = start(&["--fault-origin", TESTS]).await;
    let own = server.url.clone();
    let localhost = format!("http://localhost:{}", server.address.port());
    let ask = async |method: &Method, path: &str, headers: &[(&str, &str)]| {
        let mut request = client().request(method.clone(), format!("{own}{path}")).body("[]");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send().await.unwrap()).await
    };
    let word = server.word.as_str();
    let other = start(&[]).await.word.clone();
    assert_ne!(word, other);
    let controls = [(Method::PUT, "/faults/one"), (Method::GET, "/faults/one"), (Method::GET, "/faults")];
    for (method, path) in &controls {
        for headers in [
            &[][..],
            &[("origin", own.as_str())],
            &[("origin", TESTS)],
            &[("fault-word", &other)],
            &[("fault-word", "")],
            &[("fault-word", &word[1..])],
            &[("fault-word", word), ("fault-word", word)],
            // Who knows the word, and is another page.
            &[("fault-word", word), ("origin", "null")],
            &[("fault-word", word), ("origin", "http://127.0.0.1:1")],
            &[("fault-word", word), ("origin", "http://localhost:1")],
            &[("fault-word", word), ("origin", "https://evil.example")],
            &[("fault-word", word), ("origin", &localhost)],
            &[("fault-word", word), ("origin", &own), ("origin", &own)],
        ] {
            refused(&ask(method, path, headers).await, 403, "AccessDenied");
        }
        for host in ["evil.example", "127.0.0.2"] {
            let same = format!("http://{host}");
            let headers = [("fault-word", word), ("host", host), ("origin", &same)];
            refused(&ask(method, path, &headers).await, 421, "MisdirectedRequest");
        }
        let at_localhost = localhost.strip_prefix("http://").unwrap();
        for headers in [
            &[("fault-word", word)][..],
            &[("fault-word", word), ("origin", &own)],
            &[("fault-word", word), ("origin", TESTS)],
            &[("fault-word", word), ("origin", &localhost), ("host", at_localhost)],
        ] {
            assert!(ask(method, path, headers).await.0.is_success(), "{headers:?}");
        }
    }
    // No other page may even ask, though it may call the API.
    for (origin, path, allowed) in [
        (TESTS, "/faults/one", true),
        ("http://localhost:1", "/faults/one", false),
        ("https://evil.example", "/faults/one", false),
        ("http://localhost:1", "/v1/buckets", true),
    ] {
        let preflight = client().request(Method::OPTIONS, format!("{own}{path}")).header("origin", origin);
        let preflight = preflight.header("access-control-request-method", "PUT").send().await.unwrap();
        assert_eq!(preflight.headers().contains_key("access-control-allow-origin"), allowed, "{origin} {path}");
    }
}

#[tokio::test]
async fn nothing_invented_runs_or_stays_or_comes_before_the_host_check() {
    let html =
        json!({ "status": 200, "headers": { "Content-Type": "text/html" }, "body": "<script>alert(1)</script>" });
    let scene = Scene::new(json!([
        { "match": { "path": "/html$" }, "do": html },
        { "match": { "path": "/current$" }, "do": { "headers": { "Content-Type": "Text/HTML; charset=utf-8" } } },
        { "match": { "path": "/early$" }, "do": { "early": true, "status": 403 } },
    ]))
    .await;
    let get = async |path: &str, headers: &[(&'static str, &str)]| {
        let mut request = scene.member.request(Method::GET, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    for path in ["/html", "/session/current", "/early"] {
        for dest in [None, Some("document"), Some("iframe"), Some("script"), Some("serviceworker"), Some("empty")] {
            let headers: Vec<_> = dest.iter().map(|dest| ("sec-fetch-dest", *dest)).collect();
            let answer = get(path, &headers).await;
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
            assert_eq!(header("cache-control"), "no-store");
            let kind = header("content-type").to_ascii_lowercase();
            assert_eq!(kind.starts_with("text/html"), dest == Some("empty") && path != "/early", "{path} {dest:?}");
        }
    }
    for host in ["evil.example", "127.0.0.2"] {
        refused(&read(get("/html", &[("host", host)]).await).await, 421, "MisdirectedRequest");
    }
}

#[tokio::test]
async fn a_length_that_is_none_breaks_the_answer_and_not_the_gateway() {
    let length = |length: &str| json!({ "headers": { "Content-Length": length }, "body": "12345" });
    let short = json!({ "headers": { "Content-Length": "3" } });
    let scene = Scene::new(json!([
        { "match": { "nth": [1] }, "do": length("3") },
        { "match": { "nth": [1] }, "do": length("9") },
        { "match": { "nth": [1] }, "do": length("18446744073709551615") },
        { "match": { "nth": [1] }, "do": short },
        { "match": { "nth": [1] }, "do": { "status": 204, "headers": { "Content-Length": "9" }, "body": "12345" } },
        { "match": { "nth": [1] }, "do": { "status": 304, "headers": { "Content-Length": "9" }, "body": "12345" } },
        { "match": { "nth": [1] }, "do": { "swallow": 1, "thinkMs": 1 } },
        { "match": { "nth": [1] }, "do": { "cutAfter": u64::MAX, "hangAfter": u64::MAX } },
    ]))
    .await;
    for _ in 0..8 {
        // What comes of it is one thing; that the next one is answered is the other.
        if let Ok(answer) = scene.member.request(Method::GET, "/session/current").send().await {
            drop(answer.bytes().await);
        }
    }
    fine(scene.member.ask(Method::GET, "/session/current").await);
    assert_eq!(scene.log().await.len(), 9);
}
