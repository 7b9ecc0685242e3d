//! A proxy before the gateway that records every request and can lie on demand.
//!
//! | route | what it does |
//! |---|---|
//! | `/{scenario}/v1/…` | forwards to the gateway's `/v1/…`, bodies streamed both ways, preflights included |
//! | `GET /log/{scenario}` | the requests so far, as in [`log`]; `DELETE` forgets them |
//! | `POST /scenario/{scenario}` | a JSON list of [`rule`]s; replaces the old ones and forgets the requests so far |
//!
//! Each connection serves one request: browsers repeat by themselves what was dropped on a connection used before, and
//! the tests are about what the library does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, Method, Request, Response,
    body::{Bytes, Incoming},
    header::{self, HeaderName, HeaderValue},
    http::request::Parts,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::{
    log::Log,
    message::{Body, BoxError, control, cut, full, repeated},
    rule::{Act, Drop, Rule},
};

pub mod connection;
pub mod log;
pub mod message;
pub mod rule;

/// Most bytes of an answer that is rewritten.
const REWRITABLE: usize = 16 << 20;

/// The connection is closed without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("dropped on demand")
    }
}

impl std::error::Error for Dropped {}

#[derive(Default)]
struct Scenario {
    rules: Vec<Rule>,
    log: Log,
}

struct Proxy {
    gateway: String,
    client: Client<HttpConnector, Body>,
    scenarios: Mutex<HashMap<String, Scenario>>,
    start: Instant,
}

/// Serves until the runtime ends; `gateway` is the origin to forward to.
pub async fn serve(listener: TcpListener, gateway: String) {
    // No idle connections: one that the gateway has just closed would look like a lie of ours.
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    let proxy = Arc::new(Proxy { gateway, client, scenarios: Mutex::default(), start: Instant::now() });
    connection::accept(listener, move |stream| {
        let proxy = proxy.clone();
        let service = service_fn(move |request| {
            let proxy = proxy.clone();
            async move { proxy.answer(request).await }
        });
        connection::answer(stream, service);
    })
    .await;
}

impl Proxy {
    fn scenarios(&self) -> MutexGuard<'_, HashMap<String, Scenario>> {
        self.scenarios.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
        let path = request.uri().path().to_owned();
        let Some((scenario, rest)) = path.trim_start_matches('/').split_once('/') else {
            return Ok(control(404, &json!({ "error": "no such route" })));
        };
        match scenario {
            "log" => Ok(self.log(rest, request.method())),
            "scenario" => Ok(self.program(rest, request).await),
            _ => self.mount(scenario, &format!("/{rest}"), request).await,
        }
    }

    fn log(&self, scenario: &str, method: &Method) -> Response<Body> {
        match *method {
            Method::GET => {
                let scenarios = self.scenarios();
                let log = scenarios.get(scenario).map_or_else(|| json!([]), |scenario| scenario.log.json());
                control(200, &log)
            }
            Method::DELETE => {
                self.scenarios().entry(scenario.to_owned()).or_default().log.clear();
                control(200, &json!({}))
            }
            _ => control(200, &json!({})),
        }
    }

    async fn program(&self, scenario: &str, request: Request<Incoming>) -> Response<Body> {
        if *request.method() != Method::POST {
            return control(200, &json!({}));
        }
        let rules = match request.into_body().collect().await {
            Ok(body) => Rule::list(&body.to_bytes()),
            Err(error) => Err(error.to_string()),
        };
        match rules {
            Ok(rules) => {
                self.scenarios().insert(scenario.to_owned(), Scenario { rules, log: Log::default() });
                control(200, &json!({}))
            }
            Err(error) => control(400, &json!({ "error": error })),
        }
    }

    async fn mount(&self, name: &str, path: &str, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
        let (entry, act) = {
            let mut scenarios = self.scenarios();
            let scenario = scenarios.entry(name.to_owned()).or_default();
            let act =
                scenario.rules.iter_mut().find_map(|rule| rule.applies(request.method(), path, request.headers()));
            (scenario.log.arrived(&request, self.now()), act.unwrap_or_default())
        };
        let response = self.act(&act, path, request).await?;
        if let Some(scenario) = self.scenarios().get_mut(name) {
            scenario.log.answered(entry, response.status().as_u16(), self.now());
        }
        Ok(response)
    }

    async fn act(&self, act: &Act, path: &str, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
        tokio::time::sleep(Duration::from_millis(act.delay_ms)).await;
        if act.drop == Some(Drop::Before) {
            return Err(Dropped);
        }
        let (parts, body) = request.into_parts();
        let real = if !act.invents() || act.forward {
            Some(self.forward(self.outgoing(&parts, path, body)).await)
        } else {
            drain(body).await;
            None
        };
        if act.drop == Some(Drop::After) {
            if let Some(real) = real {
                drain(real.into_body()).await;
            }
            return Err(Dropped);
        }
        let mut response = match real {
            Some(real) if !act.invents() => match &act.rewrite_json {
                Some(patch) => rewrite(real, patch).await,
                None => real,
            },
            _ => invent(act, &parts),
        };
        set_headers(response.headers_mut(), act);
        Ok(match act.cut_after {
            Some(bytes) => response.map(|body| cut(body, bytes)),
            None => response,
        })
    }

    /// The request as the gateway gets it.
    fn outgoing(&self, parts: &Parts, path: &str, body: Incoming) -> Request<Body> {
        let query = parts.uri.query().map_or_else(String::new, |query| format!("?{query}"));
        let mut request = Request::new(full(body));
        *request.method_mut() = parts.method.clone();
        // A path that is none to hyper never reached us, so the default is never taken.
        *request.uri_mut() = format!("{}{path}{query}", self.gateway).parse().unwrap_or_default();
        *request.headers_mut() = parts.headers.clone();
        for hop in [header::HOST, header::CONNECTION] {
            request.headers_mut().remove(hop);
        }
        request
    }

    /// Sends the request on. A gateway that does not answer is a 502 with a sentence, as a real proxy's.
    async fn forward(&self, request: Request<Body>) -> Response<Body> {
        match self.client.request(request).await {
            Ok(response) => {
                let mut response = response.map(full);
                response.headers_mut().remove(header::CONNECTION);
                response
            }
            Err(error) => control(502, &json!({ "error": format!("the gateway did not answer: {error}") })),
        }
    }
}

/// An answer the gateway never gave. Readable by the page unless the rule says otherwise: a lie the browser hides behind
/// CORS would look like a broken network.
fn invent(act: &Act, parts: &Parts) -> Response<Body> {
    let text = Bytes::from(act.body.clone().unwrap_or_default());
    let body = match &act.body_repeat {
        Some((again, times)) => repeated(text, Bytes::from(again.clone()), *times),
        None => full(http_body_util::Full::new(text)),
    };
    let mut response = Response::new(body);
    let status = act.status.unwrap_or(if act.redirect.is_some() { 307 } else { 200 });
    *response.status_mut() = status.try_into().unwrap_or_default();
    let headers = response.headers_mut();
    if let Some(location) = act.redirect.as_deref().and_then(|url| HeaderValue::from_str(url).ok()) {
        headers.insert(header::LOCATION, location);
    }
    if parts.method != Method::OPTIONS {
        let origin = parts.headers.get(header::ORIGIN).cloned();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.unwrap_or(HeaderValue::from_static("*")));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("etag, retry-after"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

async fn rewrite(real: Response<Body>, patch: &Value) -> Response<Body> {
    let (mut parts, mut body) = real.into_parts();
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        bytes.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
        if bytes.len() > REWRITABLE {
            break;
        }
    }
    let json = serde_json::from_slice::<Value>(&bytes).ok();
    let Some(mut json) = json else {
        return control(502, &json!({ "error": "rewriteJson: the gateway's answer is no JSON" }));
    };
    rule::merge(&mut json, patch);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, full(http_body_util::Full::from(json.to_string())))
}

fn set_headers(headers: &mut HeaderMap, act: &Act) {
    for (name, value) in &act.headers {
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        match value.as_deref().map(HeaderValue::from_str) {
            Some(Ok(value)) => drop(headers.insert(name, value)),
            _ => drop(headers.remove(name)),
        }
    }
}

async fn drain<B>(mut body: B)
where
    B: hyper::body::Body + Unpin,
    B::Error: Into<BoxError>,
{
    while let Some(Ok(_)) = body.frame().await {}
}

#[cfg(test)]
mod tests;
