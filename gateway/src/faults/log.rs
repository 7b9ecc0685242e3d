//! What a scenario saw: every request, from its arrival on. Nothing that is secret.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use serde_json::{Map, Value, json};

/// Most requests that are kept; of more, the last ones.
const MOST: usize = 20_000;

/// The requests of one scenario, in the order they arrived.
pub(super) struct Log {
    since: Instant,
    entries: std::collections::VecDeque<Arc<Entry>>,
}

impl Default for Log {
    fn default() -> Self {
        Self { since: Instant::now(), entries: Default::default() }
    }
}

/// One request. It is completed while it is served; a log that has been forgotten meanwhile stays as it is.
pub(super) struct Entry {
    at: u64,
    method: String,
    path: String,
    headers: Map<String, Value>,
    part_number: Option<u64>,
    key: Option<String>,
    fault: Mutex<Option<String>>,
    body_bytes: AtomicU64,
    /// 0 while there is none.
    status: AtomicU16,
    /// What the gateway answered, whether that was sent or not; 0 while there is none.
    acted: AtomicU16,
}

impl Log {
    /// Records a request and the fault it meets.
    pub fn arrived(&mut self, method: &Method, path: &str, headers: &HeaderMap, fault: Option<String>) -> Arc<Entry> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let entry = Arc::new(Entry {
            at: u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX),
            method: method.to_string(),
            path: if path.starts_with("/v1/link/") { "/v1/link/…".to_owned() } else { path.to_owned() },
            headers: headers.iter().map(|(name, value)| (name.to_string(), masked(name, value).into())).collect(),
            part_number: text("partnumber").and_then(|number| number.parse().ok()),
            key: text("key").map(str::to_owned),
            fault: Mutex::new(fault),
            body_bytes: AtomicU64::new(0),
            status: AtomicU16::new(0),
            acted: AtomicU16::new(0),
        });
        if self.entries.len() == MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(entry.clone());
        entry
    }

    /// The entries, as `GET /faults/{scenario}` shows them.
    pub fn json(&self) -> Value {
        self.entries.iter().map(|entry| entry.json()).collect()
    }
}

impl Entry {
    /// Counts bytes of the request's body.
    pub fn received(&self, bytes: u64) {
        self.body_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Records the status that is sent.
    pub fn answered(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Ordering::Relaxed);
    }

    /// Records the status that the gateway answered with.
    pub fn acted(&self, status: StatusCode) {
        self.acted.store(status.as_u16(), Ordering::Relaxed);
    }

    /// Records a fault that no rule of this request made.
    pub fn met(&self, fault: &str) {
        let mut met = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        met.get_or_insert_with(|| fault.to_owned());
    }

    fn json(&self) -> Value {
        let status = |status: &AtomicU16| Some(status.load(Ordering::Relaxed)).filter(|&status| status != 0);
        json!({
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "headers": self.headers,
            "bodyBytes": self.body_bytes.load(Ordering::Relaxed),
            "status": status(&self.status),
            "acted": status(&self.acted),
            "fault": *self.fault.lock().unwrap_or_else(PoisonError::into_inner),
            "partNumber": self.part_number,
            "key": self.key,
        })
    }
}

/// A header's value, unless it is a secret.
fn masked(name: &HeaderName, value: &header::HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    if *name == header::AUTHORIZATION {
        let scheme = text.split_once(' ').map_or("", |(scheme, _)| scheme);
        return format!("{scheme} …");
    }
    if name == "x-api-key" || *name == header::COOKIE { "…".to_owned() } else { text.into_owned() }
}
