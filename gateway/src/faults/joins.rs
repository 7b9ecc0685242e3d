//! Files that the gateway takes its time to complete.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    UnderWay,
    Done,
}

/// By the file's key: how far its completion is.
#[derive(Clone, Default)]
pub(super) struct Joins(Arc<Mutex<HashMap<String, Stage>>>);

/// One completion under way. Where it is dropped it has failed.
pub(super) struct Join {
    joins: Joins,
    key: String,
}

impl Joins {
    fn files(&self) -> MutexGuard<'_, HashMap<String, Stage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to complete the file, unless that is under way or done.
    pub fn begin(&self, key: &str) -> Option<Join> {
        let mut files = self.files();
        if files.contains_key(key) {
            return None;
        }
        files.insert(key.to_owned(), Stage::UnderWay);
        Some(Join { joins: self.clone(), key: key.to_owned() })
    }

    /// Whether the file is being completed.
    pub fn under_way(&self, key: &str) -> bool {
        self.files().get(key) == Some(&Stage::UnderWay)
    }

    /// Whether any file is.
    pub fn any(&self) -> bool {
        self.files().values().any(|stage| *stage == Stage::UnderWay)
    }
}

impl Join {
    /// The file is complete: later completions of it take no time.
    pub fn done(self) {
        if let Some(stage) = self.joins.files().get_mut(&self.key) {
            *stage = Stage::Done;
        }
    }
}

impl Drop for Join {
    fn drop(&mut self) {
        let mut files = self.joins.files();
        if files.get(&self.key) == Some(&Stage::UnderWay) {
            files.remove(&self.key);
        }
    }
}
