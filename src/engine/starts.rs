//! Which files were begun here.

use crate::protocol::FileInfo;

/// The unique names of files begun here, and their keys; sorted by name.
#[derive(Debug, Default)]
pub(super) struct Starts(Vec<(String, String)>);

impl Starts {
    /// A file was begun under `key`.
    pub fn note(&mut self, name: &str, key: &str) {
        let start = (name.to_owned(), key.to_owned());
        match self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
            Ok(place) => {
                if let Some(known) = self.0.get_mut(place) {
                    *known = start;
                }
            }
            Err(place) => self.0.insert(place, start),
        }
    }

    /// Whether a start made this file besides the one it was answered with. A browser silently repeats a start whose
    /// answer a reused connection lost; only the second answer reaches the page.
    pub fn made_twice(&self, file: &FileInfo) -> bool {
        let (Some(name), Some(key), false) = (&file.file_name, &file.file_key, file.is_complete()) else {
            return false;
        };
        let place = self.0.binary_search_by(|(known, _)| known.cmp(name)).ok();
        place.and_then(|place| self.0.get(place)).is_some_and(|(_, own)| own != key)
    }
}
