//! Who has a file's lock: Web Locks with a queue, or rows of the database without one.

use partway::engine::{Ask, Identity, OpId};
use std::collections::{BTreeMap, VecDeque};

/// How long the row of a page that died still holds, in milliseconds.
const LIFE: u64 = 75_000;

/// Who has a lock, or waits for it: a tab, and the operation by which it asked.
pub type Claim = (usize, OpId);

pub struct Locks {
    pub queue: bool,
    held: BTreeMap<Identity, Claim>,
    /// Rows of dead tabs, and until when each holds.
    leftovers: BTreeMap<Identity, u64>,
    waiting: VecDeque<(Identity, Claim)>,
}

/// What came of asking.
pub enum Asked {
    Granted,
    Taken,
    Waits,
}

impl Locks {
    pub fn new(queue: bool) -> Self {
        Self { queue, held: BTreeMap::new(), leftovers: BTreeMap::new(), waiting: VecDeque::new() }
    }

    pub fn holder(&self, identity: &Identity) -> Option<usize> {
        self.held.get(identity).map(|(tab, _)| *tab)
    }

    pub fn ask(&mut self, identity: &Identity, claim: Claim, ask: Ask, now: u64) -> Asked {
        if ask == Ask::Steal && self.queue {
            // Before whoever waits.
            self.held.insert(identity.clone(), claim);
            return Asked::Granted;
        }
        let left = self.leftovers.get(identity).is_some_and(|until| *until > now);
        let waited_for = self.waiting.iter().any(|(other, _)| other == identity);
        if !left && !waited_for && !self.held.contains_key(identity) {
            self.held.insert(identity.clone(), claim);
            Asked::Granted
        } else if ask == Ask::Queue && self.queue {
            self.waiting.push_back((identity.clone(), claim));
            Asked::Waits
        } else {
            Asked::Taken
        }
    }

    /// Takes a lock from whoever has it: gives the tab. Rows cannot be stolen.
    pub fn steal(&mut self, identity: &Identity) -> Option<usize> {
        if self.queue { self.held.remove(identity).map(|(tab, _)| tab) } else { None }
    }

    /// Lets go of a lock; gives who has it next.
    pub fn release(&mut self, identity: &Identity, tab: usize) -> Option<Claim> {
        if self.holder(identity) != Some(tab) {
            return None;
        }
        self.held.remove(identity);
        self.pass_on(identity)
    }

    fn pass_on(&mut self, identity: &Identity) -> Option<Claim> {
        let place = self.waiting.iter().position(|(other, _)| other == identity)?;
        let (identity, claim) = self.waiting.remove(place)?;
        self.held.insert(identity, claim);
        Some(claim)
    }

    /// Nobody wants what `claim` asked for: gives who has the lock now, if it had been granted.
    pub fn withdraw(&mut self, claim: Claim) -> Option<Claim> {
        self.waiting.retain(|(_, other)| *other != claim);
        let identity = self.held.iter().find(|(_, holder)| **holder == claim)?.0.clone();
        self.release(&identity, claim.0)
    }

    /// A tab died: gives everybody who has a lock now. Its rows hold for a while.
    pub fn died(&mut self, tab: usize, now: u64) -> Vec<Claim> {
        self.waiting.retain(|(_, (other, _))| *other != tab);
        let held: Vec<Identity> =
            self.held.iter().filter(|(_, (holder, _))| *holder == tab).map(|(identity, _)| identity.clone()).collect();
        if self.queue {
            held.iter().filter_map(|identity| self.release(identity, tab)).collect()
        } else {
            for identity in held {
                self.held.remove(&identity);
                self.leftovers.insert(identity, now + LIFE);
            }
            Vec::new()
        }
    }

    pub fn all(&self, now: u64) -> Vec<Identity> {
        let left = self.leftovers.iter().filter(|(_, until)| **until > now).map(|(identity, _)| identity);
        self.held.keys().chain(left).cloned().collect()
    }
}
