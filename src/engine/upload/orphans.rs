//! Files that a start left in the bucket although its answer was lost: nobody knows their upload IDs, so nothing can be
//! added to them. The bucket's list shows them by the name, which is like no other; they are removed.

use super::stage::Uncertain;
use crate::engine::OpId;
use crate::engine::tries::Exchange;
use crate::protocol::{FileInfo, Request};

/// The search for such files, and their removal.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Orphans {
    /// The names they may bear, as the service has them.
    names: Vec<String>,
    /// The key of one that was aborted.
    key: Option<String>,
    pub step: OrphanStep,
    /// One could not be removed.
    pub left: bool,
}

/// What comes next.
#[derive(Clone, Debug)]
pub(in crate::engine) enum OrphanStep {
    /// `GET /buckets`.
    Finding(Exchange),
    /// The list is read; it took these tries.
    Decoding(OpId, Exchange),
    /// `DELETE` of this one; then of the others.
    Removing { key: String, others: Vec<String>, exchange: Exchange },
}

/// What to do once all orphans are removed.
#[derive(Clone, Debug)]
pub(in crate::engine) enum AfterOrphans {
    /// A first start: they were an earlier page's.
    Begin,
    /// Another start.
    Again(Uncertain),
}

impl Orphans {
    /// A search for files that bear one of `names`.
    pub fn of(names: Vec<String>) -> Self {
        Self { names, key: None, step: OrphanStep::Finding(Exchange::default()), left: false }
    }

    /// The same, for the file `key` as well, whatever it is called.
    pub fn and(self, key: Option<&str>) -> Self {
        Self { key: key.map(str::to_owned), ..self }
    }

    pub fn exchange(&self) -> Option<&Exchange> {
        match &self.step {
            OrphanStep::Finding(exchange) | OrphanStep::Removing { exchange, .. } => Some(exchange),
            OrphanStep::Decoding(..) => None,
        }
    }

    pub fn exchange_mut(&mut self) -> Option<&mut Exchange> {
        match &mut self.step {
            OrphanStep::Finding(exchange) | OrphanStep::Removing { exchange, .. } => Some(exchange),
            OrphanStep::Decoding(..) => None,
        }
    }

    pub fn operation(&self) -> Option<OpId> {
        match &self.step {
            OrphanStep::Decoding(op, _) => Some(*op),
            OrphanStep::Finding(_) | OrphanStep::Removing { .. } => self.exchange()?.op,
        }
    }

    /// What is sent next.
    pub fn request(&self) -> Option<Request> {
        match &self.step {
            OrphanStep::Finding(_) => Some(Request::list()),
            OrphanStep::Removing { key, .. } => Some(Request::remove(key)),
            OrphanStep::Decoding(..) => None,
        }
    }

    /// Whether the file bears one of the names.
    fn is_named(&self, file: &FileInfo) -> bool {
        file.file_name.as_ref().is_some_and(|name| self.names.contains(name))
    }

    /// The key of a file of this size and number of parts that is complete and bears one of the names: an earlier page
    /// completed it, and heard no more of it. One that was aborted is none.
    pub fn completed(&self, files: &[FileInfo], size: u64, parts: u32) -> Option<String> {
        let is_this = |file: &&FileInfo| {
            let is_of = |key: &String| file.is_of(key, size, parts);
            self.is_named(file) && file.is_complete() && file.file_key.as_ref().is_some_and(is_of)
        };
        files.iter().find(is_this).filter(|_| self.key.is_none())?.file_key.clone()
    }

    /// The bucket was listed. Says whether it holds an orphan; `own` is none.
    pub fn found(&mut self, files: Vec<FileInfo>, own: Option<&str>) -> bool {
        // A complete file is nobody's orphan.
        let is_orphan = |file: &FileInfo| {
            !file.is_complete() && self.is_named(file) || self.key.is_some() && file.file_key == self.key
        };
        let keys = files.into_iter().filter(is_orphan).filter_map(|file| file.file_key);
        let orphans = keys.filter(|key| own != Some(key.as_str())).collect();
        self.remove_next(orphans)
    }

    /// An orphan is removed, or cannot be. Says whether another is left.
    pub fn removed(&mut self) -> bool {
        match &mut self.step {
            OrphanStep::Removing { others, .. } => {
                let others = std::mem::take(others);
                self.remove_next(others)
            }
            OrphanStep::Finding(_) | OrphanStep::Decoding(..) => false,
        }
    }

    fn remove_next(&mut self, mut orphans: Vec<String>) -> bool {
        let Some(key) = orphans.pop() else { return false };
        self.step = OrphanStep::Removing { key, others: orphans, exchange: Exchange::default() };
        true
    }
}
