//! What goes on, by number.

use std::cell::RefCell;

/// A map whose keys are numbers that only grow: a sorted list, to whose end almost every new entry goes. Each kind of
/// tree would cost the shipped wasm several kilobytes.
pub struct Table<K, V>(RefCell<Vec<(K, V)>>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Ord + Copy, V: Clone> Table<K, V> {
    /// Adds an entry whose key is new.
    pub fn insert(&self, key: K, value: V) {
        let mut entries = self.0.borrow_mut();
        let place = entries.partition_point(|(other, _)| *other < key);
        entries.insert(place, (key, value));
    }

    /// The value of `key`.
    pub fn get(&self, key: K) -> Option<V> {
        let entries = self.0.borrow();
        let place = entries.binary_search_by(|(other, _)| other.cmp(&key)).ok()?;
        entries.get(place).map(|(_, value)| value.clone())
    }

    /// Takes the entry of `key` out.
    pub fn take(&self, key: K) -> Option<V> {
        let mut entries = self.0.borrow_mut();
        let place = entries.binary_search_by(|(other, _)| other.cmp(&key)).ok()?;
        Some(entries.remove(place).1)
    }
}
