//! Files whose parts the gateway has refused to complete.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// By the file's key: the parts that were not sent again since its first completion was refused.
#[derive(Default)]
pub(super) struct Distrust(Mutex<BTreeMap<String, BTreeSet<u64>>>);

impl Distrust {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, BTreeSet<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the completion of a file of so many parts is refused.
    pub fn refuses(&self, key: &str, parts: u64) -> bool {
        !self.files().entry(key.to_owned()).or_insert_with(|| (1..=parts).collect()).is_empty()
    }

    /// Notes that a part was stored.
    pub fn stored(&self, key: &str, part: u64) {
        if let Some(parts) = self.files().get_mut(key) {
            parts.remove(&part);
        }
    }
}
