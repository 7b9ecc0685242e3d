//! Who races, and how each is told to.
use serde_json::{Value, json};

use super::rows::{Files, Row};

/// Bytes of a slice, where a client that is at its best is told one.
const SLICE: u64 = 16 << 20;

/// One who uploads, with settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Who {
    /// Its name in the results.
    pub name: String,
    /// Its module in `tests/bench/who/`.
    pub module: &'static str,
    /// What the module is told.
    pub settings: Value,
}

/// Uppy and the like, at their best and by their defaults.
pub const PEERS: [&str; 10] = [
    "uppy",
    "uppy-defaults",
    "uppy5",
    "uppy5-defaults",
    "tus",
    "tus-defaults",
    "lib-storage",
    "lib-storage-defaults",
    "upchunk",
    "upchunk-defaults",
];

/// Partway, as it is, with a listener, and without what survives a reload.
pub const PARTWAY: [&str; 3] = ["partway", "partway-progress", "partway-no-resume"];

impl Who {
    /// The one of this name; hand-written loops are [`Self::limits`].
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (module, settings) = match name {
            "partway" => ("partway", json!({})),
            "partway-progress" => ("partway", json!({ "progress": true })),
            "partway-no-resume" => ("partway", json!({ "resume": false })),
            "uppy" => ("uppy", json!({ "slice": SLICE, "limit": 6 })),
            "uppy-defaults" => ("uppy", json!({})),
            "uppy5" => ("uppy5", json!({ "slice": SLICE, "limit": 6 })),
            "uppy5-defaults" => ("uppy5", json!({})),
            "tus" => ("tus", json!({ "early": true })),
            "tus-defaults" => ("tus", json!({})),
            "lib-storage" => ("lib-storage", json!({ "slice": SLICE, "inFlight": 6 })),
            "lib-storage-defaults" => ("lib-storage", json!({})),
            "upchunk" => ("upchunk", json!({ "slice": 4 * SLICE, "dynamic": true })),
            "upchunk-defaults" => ("upchunk", json!({})),
            _ => return None,
        };
        Some(Self { name: name.to_owned(), module, settings })
    }

    /// The hand-written loops that are tried for a row: the limit is the best of them.
    #[must_use]
    pub fn limits(row: &Row, files: Files, quick: bool) -> Vec<Self> {
        let small = files.bytes <= 8 << 20;
        let slices: &[u64] = if small { &[16] } else { &[8, 16, 32] };
        let in_flight = [1, 2, 4, 6];
        if quick || !row.scouts() {
            return vec![Self::limit("xhr", 6, 16)];
        }
        let transports = ["xhr", "fetch"].into_iter();
        let each = transports.flat_map(|transport| in_flight.iter().map(move |count| (transport, *count)));
        each.flat_map(|(transport, count)| slices.iter().map(move |slice| Self::limit(transport, count, *slice)))
            .collect()
    }

    fn limit(transport: &str, in_flight: u64, mib: u64) -> Self {
        Self {
            name: format!("limit: {transport}, {in_flight} in flight, {mib} MiB"),
            module: "limit",
            settings: json!({ "transport": transport, "inFlight": in_flight, "slice": mib << 20 }),
        }
    }

    /// Whether it is Partway.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.module == "partway"
    }

    /// Whether it is one of the hand-written loops.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        self.module == "limit"
    }

    /// Whether it speaks tus, to a server of its own.
    #[must_use]
    pub fn is_tus(&self) -> bool {
        self.module == "tus"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known() {
        assert!(PEERS.iter().chain(&PARTWAY).all(|name| Who::named(name).is_some_and(|who| who.name == *name)));
        assert_eq!(Who::named("limit"), None);
    }
}
