//! Sizes of files, by key.

/// Lists that the keys are spread over. A bucket of which a list can be read has some 50,000 files.
const LISTS: usize = 1024;

/// A map from the keys of files to their sizes. A few dozen keys are compared for each look-up in the largest bucket;
/// each kind of tree, and the standard hash map, would cost the shipped wasm more than a kilobyte.
#[derive(Clone, Debug, Default)]
pub(super) struct Sizes {
    /// Empty until there is a key.
    lists: Vec<Vec<(String, u64)>>,
    len: usize,
}

impl Sizes {
    /// How many keys.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The size of `key`.
    pub fn get(&self, key: &str) -> Option<u64> {
        self.lists.get(list_of(key))?.iter().find(|(known, _)| known == key).map(|(_, size)| *size)
    }

    /// Adds a key that is new.
    pub fn insert(&mut self, key: &str, size: u64) {
        if self.lists.is_empty() {
            self.lists.resize(LISTS, Vec::new());
        }
        if let Some(list) = self.lists.get_mut(list_of(key)) {
            list.push((key.to_owned(), size));
            self.len += 1;
        }
    }

    /// Takes a key out, and gives its size.
    pub fn remove(&mut self, key: &str) -> Option<u64> {
        let list = self.lists.get_mut(list_of(key))?;
        let place = list.iter().position(|(known, _)| known == key)?;
        self.len -= 1;
        Some(list.swap_remove(place).1)
    }
}

/// Which list has `key`, by FNV-1a.
fn list_of(key: &str) -> usize {
    let hash = key.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize % LISTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_holds(steps in proptest::collection::vec((0..40_u32, any::<Option<u64>>()), 0..200)) {
            let (mut sizes, mut tree) = (Sizes::default(), BTreeMap::new());
            for (key, size) in steps {
                let key = key.to_string();
                prop_assert_eq!(sizes.remove(&key), tree.remove(&key));
                if let Some(size) = size {
                    sizes.insert(&key, size);
                    tree.insert(key, size);
                }
                prop_assert_eq!(sizes.len(), tree.len());
            }
            for key in (0..40).map(|key: u32| key.to_string()) {
                prop_assert_eq!(sizes.get(&key), tree.get(&key).copied());
            }
        }
    }

    #[test]
    fn keys_are_spread_evenly() {
        let mut sizes = Sizes::default();
        (0..50_000).for_each(|number| sizes.insert(&format!("01a0c9f0-{number:08x}"), 1));
        let longest = sizes.lists.iter().map(Vec::len).max();
        assert!(longest < Some(100), "{longest:?}");
    }
}
