//! What occurred over all schedules: a simulation that never met a fault proves nothing about it.

use std::collections::BTreeMap;

/// Every kind that must occur in a full run.
pub const KINDS: &[&str] = &[
    "answer: ambiguous completion, was done",
    "answer: ambiguous completion, was not",
    "answer: duplicate",
    "answer: for a cancelled request",
    "config: attempts 1",
    "config: parallel 1",
    "config: parallel 6",
    "end: aborted",
    "end: aborted and kept",
    "end: done",
    "end: failed FileChanged",
    "end: failed Network",
    "end: failed NotFound",
    "end: failed Protocol",
    "end: failed Refused",
    "end: failed Server",
    "end: failed SessionExpired",
    "end: failed Timeout",
    "end: failed TooLarge",
    "end: failed TooManyFiles",
    "end: failed Unauthorized",
    "fault: 302 before acting",
    "fault: 403 before acting",
    "fault: 404 before acting",
    "fault: 408 after acting",
    "fault: 408 before acting",
    "fault: 409 before acting",
    "fault: 413 before acting",
    "fault: 425 before acting",
    "fault: 429 before acting",
    "fault: 500 after acting",
    "fault: 500 before acting",
    "fault: 503 after acting",
    "fault: 503 before acting",
    "fault: Retry-After",
    "fault: a cancelled request acts late",
    "fault: answer dropped",
    "fault: dropped before acting",
    "fault: hangs after acting",
    "fault: hangs before acting",
    "fault: malformed after acting",
    "fault: malformed before acting",
    "fault: restart",
    "fault: restart that loses files",
    "fault: stood still",
    "fault: the file changed",
    "fault: token expired",
    "offline",
    "offline: a try for free",
    "offline: one request finds out",
    "orphan: none is left",
    "orphan: not to be found",
    "page: crash",
    "page: steps aside",
    "page: steps aside, and nothing is kept",
    "page: steps aside, and the other completes",
    "person: abort",
    "person: abort and keep",
    "person: abort while starting",
    "person: pause",
    "person: pause lets a sent part finish",
    "person: pick later",
    "person: resume",
    "person: unknown upload",
    "person: within a report",
    "recall: done elsewhere",
    "recall: goes on",
    "recall: still there",
    "recall: taken over",
    "recall: the service lost it",
    "recall: was complete",
    "request: cancelled",
    "retry",
    "rules: asked for again",
    "rules: failed",
    "rules: given",
    "rules: limits",
    "rules: not asked",
    "search: an orphan",
    "search: nothing",
    "size: empty",
    "size: exact multiple",
    "size: huge",
    "size: multiple and one byte",
    "size: one byte",
    "size: one part",
    "time: jump",
    "token: asked for again",
    "token: never another",
    "token: refused",
    "token: renewed",
    "token: renewed to a bad one",
    "stall: a try for free",
    "window: grown",
    "window: halved",
];

#[derive(Default)]
pub struct Counts {
    kinds: BTreeMap<String, u64>,
    waits: u64,
    waited: f64,
}

impl Counts {
    pub fn add(&mut self, kind: impl Into<String>) {
        *self.kinds.entry(kind.into()).or_default() += 1;
    }

    /// A request was sent again after this share of the longest wait allowed to it.
    pub fn waited(&mut self, share: f64) {
        self.waits += 1;
        self.waited += share.min(1.0);
    }

    /// The mean share of the longest wait that retries waited: with full jitter, at least a half.
    pub fn mean_wait(&self) -> f64 {
        self.waited / self.waits.max(1) as f64
    }

    pub fn merge(&mut self, other: Self) {
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.waits += other.waits;
        self.waited += other.waited;
    }

    pub fn missing(&self) -> Vec<&'static str> {
        KINDS.iter().copied().filter(|kind| !self.kinds.contains_key(*kind)).collect()
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (kind, count) in &self.kinds {
            writeln!(f, "{count:>9}  {kind}")?;
        }
        writeln!(f, "     {:.2}  of the longest wait, on average, before a retry", self.mean_wait())
    }
}
