//! What occurred over all schedules: a simulation that never met a fault proves nothing about it.

use crate::promises::PROMISES;
use std::collections::BTreeMap;

/// Every kind that must occur in a full run; every promise must matter in one, too.
pub const KINDS: &[&str] = &[
    "answer: duplicate",
    "answer: for an operation that is over",
    "call: download",
    "call: file",
    "call: forget",
    "call: link",
    "call: list",
    "call: remove",
    "call: rules",
    "call: unfinished",
    "channel: a message is forged",
    "channel: a message is lost",
    "download: a refusal is hidden",
    "download: breaks off",
    "download: not the rest",
    "download: stalls",
    "download: the link expired",
    "download: the rest comes",
    "download: the rest may not be asked for",
    "download: the whole comes again",
    "driver: two events before a poll",
    "fault: 302",
    "fault: 401",
    "fault: 403",
    "fault: 404",
    "fault: 408 after acting",
    "fault: 408 before acting",
    "fault: 409",
    "fault: 413",
    "fault: 425",
    "fault: 429",
    "fault: 500 after acting",
    "fault: 500 before acting",
    "fault: 503 after acting",
    "fault: 503 before acting",
    "fault: Retry-After",
    "fault: a cancelled request acts late",
    "fault: a part is taken at once and passed on slowly",
    "fault: answer cut short",
    "fault: answer dropped",
    "fault: answer too long",
    "fault: dropped before acting",
    "fault: hangs after acting",
    "fault: hangs before acting",
    "fault: malformed after acting",
    "fault: malformed before acting",
    "fault: no part is served",
    "fault: nobody is served",
    "fault: redirected",
    "fault: restart",
    "fault: restart that loses files",
    "fault: statuses are hidden",
    "fault: token expired",
    "fault: trickles",
    "file: changes where no sample is taken",
    "file: changes, and is read",
    "file: changes, and is refused",
    "file: is read late",
    "file: is removed",
    "last tab: goes on",
    "lock: is stolen",
    "lock: passes on from a dead tab",
    "lock: taken",
    "lock: waits in the queue",
    "network: comes",
    "network: goes",
    "network: goes, and no browser sees it",
    "network: the browsers see none, wrongly",
    "person: abort",
    "person: abort and keep",
    "person: close",
    "person: pause",
    "person: resume",
    "person: within a show",
    "person: withdraw",
    "size: empty",
    "size: exact multiple",
    "size: huge",
    "size: multiple and one byte",
    "size: one byte",
    "size: one part",
    "size: some parts",
    "store: fails",
    "store: keeping is given up",
    "store: never ends",
    "tab: dies",
    "tab: dies after a record is deleted",
    "tab: dies after a record is stored",
    "tab: dies after a tag is stored",
    "tab: dies after an intent is stored",
    "tab: dies, and its request acts",
    "tab: is frozen",
    "tab: opens after another died",
    "time: jump",
    "token: given",
    "token: given, and a bad one",
    "token: gives nothing",
    "token: gives what is none",
    "token: throws",
];

pub struct Counts {
    kinds: BTreeMap<&'static str, u64>,
    pub promises: Vec<u64>,
    waits: u64,
    waited: f64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { kinds: BTreeMap::new(), promises: vec![0; PROMISES.len()], waits: 0, waited: 0.0 }
    }
}

impl Counts {
    pub fn add(&mut self, kind: &'static str) {
        *self.kinds.entry(kind).or_default() += 1;
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

    pub fn merge(&mut self, other: &Self) {
        for (kind, count) in &other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (sum, count) in self.promises.iter_mut().zip(&other.promises) {
            *sum += count;
        }
        self.waits += other.waits;
        self.waited += other.waited;
    }

    /// Kinds that never occurred, and promises that never mattered.
    pub fn missing(&self) -> Vec<&'static str> {
        let kinds = KINDS.iter().copied().filter(|kind| !self.kinds.contains_key(*kind));
        let promises =
            PROMISES.iter().zip(&self.promises).filter(|(_, count)| **count == 0).map(|((name, _), _)| *name);
        kinds.chain(promises).collect()
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (kind, count) in &self.kinds {
            writeln!(f, "{count:>9}  {kind}")?;
        }
        for ((name, _), count) in PROMISES.iter().zip(&self.promises) {
            writeln!(f, "{count:>9}  {name}")?;
        }
        writeln!(f, "     {:.2}  of the longest wait, on average, before a retry", self.mean_wait())
    }
}
