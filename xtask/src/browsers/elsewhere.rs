//! A server nothing is to be sent to: it records whatever arrives, for the tests of redirects.
//!
//! `GET /log` gives `[{method, path, headers, hasBody}]`, header names only; `DELETE /log` forgets them. Both are for
//! the tests themselves and count as no arrival.
use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response,
    body::{Body as _, Bytes, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Arrivals = Arc<Mutex<Vec<Value>>>;

/// Serves until the runtime ends.
pub async fn serve(listener: TcpListener) {
    let arrivals = Arrivals::default();
    loop {
        // An error is the client's, gone before it was accepted.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let arrivals = arrivals.clone();
        let service = service_fn(move |request| answer(arrivals.clone(), request));
        let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            // An error is a page that was closed.
            let _ = connection.await;
        });
    }
}

async fn answer(arrivals: Arrivals, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = record(&arrivals, &request);
    // Read to the end, so that the sender is answered even if it sent a file.
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let mut response = Response::new(Full::from(answer.to_string()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Everything is allowed: what is not sent here is not sent for another reason than CORS.
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
    ] {
        headers.insert(name, HeaderValue::from_static("*"));
    }
    Ok(response)
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
            "headers": request.headers().keys().map(ToString::to_string).collect::<Vec<_>>(),
            "hasBody": !request.body().is_end_stream(),
        })),
    }
    json!({})
}
