//! Requests through `fetch`.

use super::Boxed;
use super::reader::{Unread, read};
use super::transport::{Incoming, Outgoing, Transport, is_success, retry_after};
use crate::protocol::{Code, Failure, Method};
use gloo_net::http::{Headers, RequestBuilder, Response};
use std::rc::Rc;
use web_sys::{AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestRedirect};

/// Sends through `fetch`, which cannot tell how far a body went, only how much of the answer came.
pub struct Fetch;

impl Transport for Fetch {
    fn send<'a>(
        &'a self,
        outgoing: Outgoing,
        signal: &'a AbortSignal,
        moved: Rc<dyn Fn(u64)>,
    ) -> Boxed<'a, Result<Incoming, Failure>> {
        Box::pin(async move {
            let cap = outgoing.cap;
            let response = request(outgoing, signal).await.map_err(|()| connection_failed())?;
            let status = response.status();
            let retry_after = retry_after(response.headers().get("Retry-After"));
            let announced = response.headers().get("Content-Length").and_then(|length| length.parse().ok());
            let mut body = Vec::new();
            if is_success(status) {
                body = bytes(&response, cap, &*moved).await?;
            } else if let Some(stream) = response.body() {
                drop(stream.cancel());
            }
            Ok(Incoming { status, retry_after, announced, body })
        })
    }
}

async fn request(outgoing: Outgoing, signal: &AbortSignal) -> Result<Response, ()> {
    let headers = Headers::new();
    for (name, value) in &outgoing.headers {
        headers.set(name, value);
    }
    // A followed redirect would carry the API key and the file to another origin.
    let builder = RequestBuilder::new(&outgoing.url)
        .method(match outgoing.method {
            Method::Get => gloo_net::http::Method::GET,
            Method::Post => gloo_net::http::Method::POST,
            Method::Put => gloo_net::http::Method::PUT,
            Method::Delete => gloo_net::http::Method::DELETE,
        })
        .headers(headers)
        .redirect(RequestRedirect::Error)
        .credentials(RequestCredentials::Omit)
        .cache(RequestCache::NoStore)
        .referrer_policy(ReferrerPolicy::NoReferrer)
        .abort_signal(Some(signal));
    let request = if outgoing.body.is_undefined() { builder.build() } else { builder.body(outgoing.body) };
    request.map_err(|_| ())?.send().await.map_err(|_| ())
}

async fn bytes(response: &Response, cap: usize, moved: &dyn Fn(u64)) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let taken = read(response.body(), |chunk| {
        let fits = bytes.len() + chunk.length() as usize <= cap;
        if fits {
            bytes.extend_from_slice(&chunk.to_vec());
            moved(bytes.len() as u64);
        }
        fits
    });
    match taken.await {
        Ok(()) => Ok(bytes),
        Err(Unread::Broken) => Err(connection_failed()),
        Err(Unread::TooLong) => Err(too_long()),
    }
}

/// The connection failed, before or while the answer came.
pub fn connection_failed() -> Failure {
    Failure::new(Code::Network, "The connection to the service failed.")
}

/// The answer is longer than any the API has.
pub fn too_long() -> Failure {
    Failure { status: Some(200), ..Failure::protocol("it is too long") }
}
