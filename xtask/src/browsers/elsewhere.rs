//! A server nothing is to be sent to: it records whatever arrives, for the tests of redirects.
//!
//! `GET /log` gives `[{method, path, headers, hasBody}]`, header names only; `DELETE /log` forgets them. Both are for the
//! tests themselves and count as no arrival.
use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::BodyExt as _;
use hyper::{
    Method, Request, Response,
    body::{Body as _, Incoming},
    service::service_fn,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::proxy::{
    connection,
    message::{Body, control, header_names},
};

type Arrivals = Arc<Mutex<Vec<Value>>>;

/// Serves until the runtime ends.
pub async fn serve(listener: TcpListener) {
    let arrivals = Arrivals::default();
    connection::accept(listener, move |stream| {
        let arrivals = arrivals.clone();
        connection::answer(stream, service_fn(move |request| answer(arrivals.clone(), request)));
    })
    .await;
}

async fn answer(arrivals: Arrivals, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let answer = record(&arrivals, &request);
    // Read to the end, so that the sender is answered even if it sent a file.
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    Ok(control(200, &answer))
}

fn record(arrivals: &Arrivals, request: &Request<Incoming>) -> Value {
    let mut list = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    match (request.uri().path(), request.method()) {
        ("/log", &Method::GET) => return Value::from(list.clone()),
        ("/log", &Method::DELETE) => list.clear(),
        ("/log", &Method::OPTIONS) => {}
        (path, method) => list.push(json!({
            "method": method.as_str(),
            "path": path,
            "headers": header_names(request.headers()),
            "hasBody": !request.body().is_end_stream(),
        })),
    }
    json!({})
}
