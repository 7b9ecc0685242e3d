//! What is known of one upload of one tab, from actions and events alone.

use super::tries::Tries;
use partway::engine::{Identity, OpId, Plan, Progress, State, Stored};
use partway::protocol::{Code, FileInfo};
use partway::resume::{Digest, StoredPart};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a file of one part of which nothing but the key is kept.
const SMALL: u64 = 1024 * 1024;

/// A request whose tries are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    Start,
    Part(u32),
    Complete,
}

/// What was last shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub state: State,
    pub at: u64,
}

/// A file's lock, as the tab knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Claim {
    #[default]
    None,
    Asked(OpId),
    Held,
}

#[derive(Clone, Debug)]
pub struct Upload {
    pub file: usize,
    pub name: String,
    pub unique: bool,
    pub watched: bool,
    pub plan: Plan,
    /// What the first sample said.
    pub identity: Option<Identity>,
    pub sampled: bool,
    /// The same file was in this tab's hands already.
    pub twice: bool,
    /// Nothing is kept of it (any more).
    pub unkept: bool,
    /// The store has no record of it for now.
    pub unrecorded: bool,
    pub claim: Claim,
    /// Its lock was not to be had in time.
    pub lockless: bool,
    /// Reads of it that never ended.
    pub unread: u32,
    /// When it was sampled, locks or the store did not answer: it may do without.
    pub left_alone: bool,
    /// When it was last told who has its lock.
    pub locked_at: u64,
    /// By which operation it asked for the lock last.
    pub claimed_by: Option<OpId>,
    /// Another tab stole its lock, and it has none since.
    pub lost_lock: bool,
    /// It followed another tab since it was picked.
    pub followed: bool,
    /// It follows another tab now.
    pub follows: bool,
    /// When it last asked whoever has its lock for it.
    pub asked_at: u64,
    /// What it began and left to another tab: key and upload ID.
    pub left: Option<(String, String)>,
    /// It asked for its lock, and what is stored here was not read since.
    pub awaits_load: bool,
    /// The key under which another tab sends it, as it told last, until that is read.
    pub told_key: Option<String>,
    /// Only another tab says that `key` is the file.
    pub told: bool,
    /// The same, and this tab had no token to ask with.
    pub believes: bool,
    /// What was found of it is complete, and of what the file was before: nothing knows of that any more.
    pub begun_beside: bool,
    /// The rules let it in.
    pub admitted: bool,
    /// Since when it is paused.
    pub paused_at: Option<u64>,
    pub was_paused: bool,
    /// When it was aborted, and whether to keep it.
    pub aborted: Option<(u64, bool)>,
    pub end: Option<State>,
    /// Of what it failed.
    pub failure: Option<Code>,
    /// It ended, or was aborted, while it had its lock and knew what is stored.
    pub owned: bool,
    pub owned_at_abort: bool,
    /// Removals that were sent for it.
    pub removals: u32,
    pub settled: bool,
    pub shown: Option<Shown>,
    pub progress: Progress,
    pub key: Option<String>,
    pub upload_id: Option<String>,
    /// The service said that it has nothing of it.
    pub lost: bool,
    /// It did so before it told the name of what an earlier tab had begun.
    pub nameless: bool,
    /// Newest tag of each part, by number.
    pub tags: BTreeMap<u32, String>,
    /// Parts whose tag is stored.
    pub saved: BTreeSet<u32>,
    /// Parts whose bytes could not be read for their digest: their tags are not stored.
    pub undigested: BTreeSet<u32>,
    /// What the last load found.
    pub loaded: Option<Stored>,
    /// Parts of it that the file is still to be compared with.
    pub unchecked: BTreeMap<u32, StoredPart>,
    /// Parts of it that count.
    pub resumed: BTreeMap<u32, Option<Digest>>,
    /// Its record with its key was stored, or found.
    pub recorded: bool,
    pub recorded_at: u64,
    /// What is stored of it could not be deleted.
    pub purge_failed: bool,
    /// Something of it may be in the store.
    pub stored: bool,
    /// How often each part was sent.
    pub tried: BTreeMap<u32, u32>,
    pub tries: BTreeMap<Slot, Tries>,
    /// What could make it fail.
    pub causes: Vec<Code>,
    /// A start of it may have been acted on, and its answer was lost.
    pub lost_start: bool,
    /// A list came back since the last start was lost.
    pub searched: bool,
    /// A list came back since it was begun for the last time.
    pub searched_after_start: bool,
    /// A list or a removal for it failed, so that it could not be tidied up.
    pub search_failed: bool,
    /// The last word about it was posted, and what is stored was deleted.
    pub posted_end: bool,
    /// The store answered what it has of it, and that since it has its lock.
    pub loaded_once: bool,
    pub known: bool,
    /// Something was asked for it: it is not only queued.
    pub begun: bool,
    /// When its own connection last failed.
    pub lost_at: Option<u64>,
    pub starts: u32,
    /// A completion was sent.
    pub completing: bool,
    /// The service refused its tags once.
    pub sent_again: bool,
}

impl Upload {
    pub fn new(file: usize, name: String, unique: bool, watched: bool, plan: Plan) -> Self {
        Self {
            file,
            name,
            unique,
            watched,
            plan,
            identity: None,
            sampled: false,
            twice: false,
            unkept: false,
            unrecorded: false,
            claim: Claim::None,
            lockless: false,
            unread: 0,
            left_alone: false,
            locked_at: 0,
            claimed_by: None,
            lost_lock: false,
            followed: false,
            follows: false,
            asked_at: 0,
            left: None,
            awaits_load: false,
            told_key: None,
            told: false,
            believes: false,
            begun_beside: false,
            admitted: false,
            paused_at: None,
            was_paused: false,
            aborted: None,
            end: None,
            failure: None,
            owned: false,
            owned_at_abort: false,
            removals: 0,
            settled: false,
            shown: None,
            progress: Progress::default(),
            key: None,
            upload_id: None,
            lost: false,
            nameless: false,
            tags: BTreeMap::new(),
            saved: BTreeSet::new(),
            undigested: BTreeSet::new(),
            loaded: None,
            unchecked: BTreeMap::new(),
            resumed: BTreeMap::new(),
            recorded: false,
            recorded_at: 0,
            purge_failed: false,
            stored: false,
            tried: BTreeMap::new(),
            tries: BTreeMap::new(),
            causes: Vec::new(),
            lost_start: false,
            searched: false,
            searched_after_start: false,
            search_failed: false,
            posted_end: false,
            loaded_once: false,
            known: false,
            begun: false,
            lost_at: None,
            starts: 0,
            completing: false,
            sent_again: false,
        }
    }

    pub fn live(&self) -> bool {
        self.end.is_none() && self.aborted.is_none()
    }

    pub fn is_whole(&self) -> bool {
        self.tags.len() == self.plan.parts() as usize
    }

    /// Bytes of parts whose tag is known.
    pub fn bytes(&self) -> u64 {
        self.tags.keys().map(|part| self.plan.len(*part)).sum()
    }

    /// Bytes that the last load found, and that the file still has.
    pub fn resumed_bytes(&self) -> u64 {
        self.resumed.keys().map(|part| self.plan.len(*part)).sum()
    }

    /// A part that was stored before counts.
    pub fn resume(&mut self, number: u32, part: StoredPart) {
        self.tags.insert(number, part.tag);
        self.saved.insert(number);
        self.resumed.insert(number, part.digest);
    }

    /// A part was read: one that was stored before counts if it is the same.
    pub fn digested(&mut self, number: u32, digest: Option<Digest>) {
        match self.unchecked.remove(&number) {
            Some(part) if digest.is_some() && part.digest == digest => self.resume(number, part),
            Some(_) if digest.is_none() => self.unchecked.clear(),
            Some(_) => {}
            None if digest.is_none() => drop(self.undigested.insert(number)),
            None => {}
        }
    }

    /// Whether a part's tag is stored, or is not to be.
    pub fn is_saved(&self, number: u32) -> bool {
        self.saved.contains(&number) || self.undigested.contains(&number) || self.is_small()
    }

    /// Whether it is so small that nothing but its key is kept.
    pub fn is_small(&self) -> bool {
        self.plan.parts() == 1 && self.plan.size() <= SMALL
    }

    pub fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// The service refused the tags: no part is known to be stored.
    pub fn send_again(&mut self) {
        self.sent_again = true;
        self.tags.clear();
        self.saved.clear();
        self.tried.clear();
        self.tries.retain(|slot, _| *slot == Slot::Start);
    }

    /// It begins anew: nothing of the earlier one counts any more.
    pub fn begin_anew(&mut self, part_size: Option<u64>) {
        self.plan = Plan::new(self.plan.size(), part_size);
        (self.key, self.upload_id, self.lost, self.told) = (None, None, false, false);
        (self.recorded, self.removals, self.sent_again) = (false, 0, false);
        self.tags.clear();
        self.saved.clear();
        self.tried.clear();
        self.tries.clear();
        self.undigested.clear();
        self.loaded = None;
        self.unchecked.clear();
        self.resumed.clear();
    }

    /// An earlier page may have completed it, and heard no more of it: then it is asked about under that key.
    pub fn found_complete(&mut self, files: &[FileInfo]) {
        let Some(record) = self.loaded.as_ref().map(|loaded| &loaded.record).filter(|record| record.is_intent()) else {
            return;
        };
        let (size, parts) = (self.plan.size(), self.plan.parts());
        let is_this = |file: &&FileInfo| {
            let is_named = file.file_name.as_deref() == Some(record.name_there());
            is_named && file.is_complete() && file.file_key.as_ref().is_some_and(|key| file.is_of(key, size, parts))
        };
        if record.aborted_key().is_none()
            && let Some(file) = files.iter().find(is_this)
        {
            (self.key, self.told) = (file.file_key.clone(), true);
        }
    }

    pub fn tries(&mut self, slot: Slot) -> &mut Tries {
        self.tries.entry(slot).or_default()
    }

    /// Parts that were never sent.
    pub fn has_fresh_parts(&self) -> bool {
        (1..=self.plan.parts()).any(|part| !self.tried.contains_key(&part) && !self.tags.contains_key(&part))
    }
}
