//! What the proxy saw: nothing that is secret.
use hyper::{Request, body::Incoming, header};
use serde_json::{Value, json};

use super::message::header_names;

/// The requests of one scenario, in the order they arrived.
#[derive(Default)]
pub struct Log(Vec<Entry>);

struct Entry {
    method: String,
    path: String,
    headers: Vec<String>,
    content_length: Option<u64>,
    part_number: Option<u64>,
    arrived_at: u64,
    status: Option<u16>,
    answered_at: Option<u64>,
}

impl Log {
    /// Records a request; gives its place in the log. Its path is the one asked for, scenario included, without a query.
    pub fn arrived(&mut self, request: &Request<Incoming>, now: u64) -> usize {
        let number = |name: &str| request.headers().get(name)?.to_str().ok()?.parse().ok();
        self.0.push(Entry {
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            headers: header_names(request.headers()),
            content_length: number(header::CONTENT_LENGTH.as_str()),
            part_number: number("partnumber"),
            arrived_at: now,
            status: None,
            answered_at: None,
        });
        self.0.len() - 1
    }

    /// Records the status a request was answered with.
    pub fn answered(&mut self, entry: usize, status: u16, now: u64) {
        if let Some(entry) = self.0.get_mut(entry) {
            entry.status = Some(status);
            entry.answered_at = Some(now);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// `[{method, path, headers, contentLength, partNumber, status, arrivedAt, answeredAt}]`: header names only, times in
    /// milliseconds since the proxy started; `status` is null where there was no answer.
    #[must_use]
    pub fn json(&self) -> Value {
        self.0
            .iter()
            .map(|entry| {
                json!({
                    "method": entry.method,
                    "path": entry.path,
                    "headers": entry.headers,
                    "contentLength": entry.content_length,
                    "partNumber": entry.part_number,
                    "status": entry.status,
                    "arrivedAt": entry.arrived_at,
                    "answeredAt": entry.answered_at,
                })
            })
            .collect()
    }
}
