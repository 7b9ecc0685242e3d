//! The store of all tabs: each write happens at one moment, or not at all; at times it fails, or never ends.

use super::EPOCH;
use crate::chance::Chance;
use partway::engine::{Checkpoint, Identity, Remote, Stored};
use partway::protocol::{Code, Failure};
use partway::resume::{Record, StoredPart};
use std::collections::BTreeMap;

/// How the store is in one schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Health {
    Works,
    /// Nothing can be stored.
    Fails,
    /// Some operations fail, and some never end.
    Ails,
    /// Nothing ever ends.
    Hangs,
}

/// An operation of the store.
#[derive(Clone, Debug)]
pub enum Operation {
    Load(Identity),
    LoadAll,
    Store { identity: Identity, record: Record, expires_at: u64 },
    StorePart { identity: Identity, remote: Remote, number: u32, part: StoredPart },
    Purge(Identity),
}

impl Operation {
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::LoadAll => None,
            Self::Load(identity) | Self::Purge(identity) => Some(identity),
            Self::Store { identity, .. } | Self::StorePart { identity, .. } => Some(identity),
        }
    }

    pub fn writes(&self) -> bool {
        !matches!(self, Self::Load(_) | Self::LoadAll)
    }
}

#[derive(Clone, Debug)]
pub struct Row {
    pub record: Record,
    pub parts: BTreeMap<u32, StoredPart>,
    expires_at: u64,
}

/// What will become of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lot {
    /// It takes place after so many milliseconds.
    Happens(u64),
    Fails(u64),
    NeverEnds,
}

pub struct Store {
    pub health: Health,
    /// It always did.
    pub worked: bool,
    slow: bool,
    pub rows: BTreeMap<Identity, Row>,
}

impl Store {
    pub fn new(chance: &mut Chance) -> Self {
        let health = match chance.between(0, 19) {
            0 => Health::Fails,
            1 | 2 => Health::Ails,
            3 => Health::Hangs,
            _ => Health::Works,
        };
        Self { health, worked: health == Health::Works, slow: chance.percent(10), rows: BTreeMap::new() }
    }

    pub fn calm(&mut self) {
        (self.health, self.slow) = (Health::Works, false);
    }

    pub fn lot(&self, chance: &mut Chance) -> Lot {
        let after = if self.slow { chance.between(0, 2000) } else { chance.one_of(&[0, 1, 5, 20]) };
        match self.health {
            Health::Fails => Lot::Fails(after),
            Health::Hangs => Lot::NeverEnds,
            Health::Ails if chance.percent(15) => {
                if chance.percent(30) {
                    Lot::NeverEnds
                } else {
                    Lot::Fails(after)
                }
            }
            _ => Lot::Happens(after),
        }
    }

    pub fn failure() -> Failure {
        Failure::new(Code::Storage, "the store failed")
    }

    /// Performs a write. `false`: a part of an upload that is not stored any more.
    pub fn write(&mut self, operation: &Operation) -> bool {
        match operation {
            Operation::Store { identity, record, expires_at } => {
                let row = Row { record: record.clone(), parts: BTreeMap::new(), expires_at: *expires_at };
                self.rows.insert(identity.clone(), row);
            }
            Operation::StorePart { identity, remote, number, part } => {
                let Some(row) = self.rows.get_mut(identity) else { return false };
                if row.record.key != remote.key || row.record.upload_id != remote.upload_id {
                    return false;
                }
                row.parts.insert(*number, part.clone());
            }
            Operation::Purge(identity) => {
                self.rows.remove(identity);
            }
            Operation::Load(_) | Operation::LoadAll => {}
        }
        true
    }

    pub fn load(&self, identity: &Identity, now: u64) -> Option<Stored> {
        let row = self.rows.get(identity).filter(|row| row.expires_at > now)?;
        let parts = row.parts.iter().map(|(number, part)| (*number, part.clone())).collect();
        Some(Stored { identity: identity.clone(), record: row.record.clone(), parts })
    }

    pub fn load_all(&self, now: u64) -> Vec<Stored> {
        self.rows.keys().filter_map(|identity| self.load(identity, now)).collect()
    }

    /// The record that a checkpoint makes.
    pub fn record(checkpoint: &Checkpoint, name: &str, size: u64, part_size: u64, now: u64) -> Record {
        let (key, upload_id) = match checkpoint {
            Checkpoint::Intent { name } => (String::new(), name.clone()),
            Checkpoint::Begun(Remote { key, upload_id }) => (key.clone(), upload_id.clone()),
            Checkpoint::Aborted { key, .. } => (key.clone(), String::new()),
        };
        let name = if let Checkpoint::Aborted { name, .. } = checkpoint { name } else { name };
        let started_at = EPOCH as u64 + now;
        Record { key, upload_id, size, part_size, name: name.to_owned(), started_at, modified: None }
    }
}
