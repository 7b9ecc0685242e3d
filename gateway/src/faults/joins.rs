//! Files that the gateway takes its time to complete.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The keys of the files that are being completed.
#[derive(Clone, Default)]
pub(super) struct Joins(Arc<Mutex<HashSet<String>>>);

/// One completion under way, until it is dropped.
pub(super) struct Join {
    joins: Joins,
    key: String,
}

impl Joins {
    /// Begins to complete the file, unless it is being completed.
    pub fn begin(&self, key: &str) -> Option<Join> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.to_owned()).then(|| Join { joins: self.clone(), key: key.to_owned() })
    }

    /// Whether the file is being completed.
    pub fn under_way(&self, key: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    /// Whether any file is.
    pub fn any(&self) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for Join {
    fn drop(&mut self) {
        self.joins.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
