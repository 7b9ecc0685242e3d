//! The uploads that the engine knows.

use crate::engine::upload::Upload;
use crate::engine::{FileName, FileSpec, UploadId};

/// Uploads by number. Numbers only grow, so a list is in their order; a tree would cost the shipped wasm kilobytes.
/// They are boxed, as the list moves when one of many is removed.
#[derive(Debug)]
pub(super) struct Uploads {
    entries: Vec<(UploadId, Entry)>,
    part_size: Option<u64>,
}

#[derive(Debug)]
enum Entry {
    /// Nothing happened to it yet: thousands may wait so, and an upload is many times larger.
    File(Box<FileSpec>),
    Upload(Box<Upload>),
}

impl Uploads {
    /// None yet. Parts will be of `part_size` bytes (`None`: chosen from a file's size).
    pub fn new(part_size: Option<u64>) -> Self {
        Self { entries: Vec::new(), part_size }
    }

    fn place(&self, id: UploadId) -> Option<usize> {
        self.entries.binary_search_by_key(&id, |(number, _)| *number).ok()
    }

    /// Adds a file whose number is greater than those before.
    pub fn push(&mut self, id: UploadId, file: FileSpec) {
        self.entries.push((id, Entry::File(Box::new(file))));
    }

    /// The upload, if anything happened to it yet.
    pub fn get(&self, id: UploadId) -> Option<&Upload> {
        match self.entries.get(self.place(id)?) {
            Some((_, Entry::Upload(upload))) => Some(upload),
            _ => None,
        }
    }

    /// The upload, to which something happens.
    pub fn get_mut(&mut self, id: UploadId) -> Option<&mut Upload> {
        let place = self.place(id)?;
        let (_, entry) = self.entries.get_mut(place)?;
        if let Entry::File(file) = entry {
            let name = std::mem::replace(&mut file.name, FileName::Written(String::new()));
            let file = FileSpec { name, ..**file };
            *entry = Entry::Upload(Box::new(Upload::new(id, file, self.part_size)));
        }
        match entry {
            Entry::Upload(upload) => Some(upload),
            Entry::File(_) => None,
        }
    }

    /// What the file will be, if nothing happened to it yet.
    pub fn untouched(&self, id: UploadId) -> Option<Upload> {
        match self.entries.get(self.place(id)?) {
            Some((_, Entry::File(file))) => Some(Upload::new(id, FileSpec::clone(file), self.part_size)),
            _ => None,
        }
    }

    pub fn remove(&mut self, id: UploadId) {
        if let Some(place) = self.place(id) {
            self.entries.remove(place);
        }
    }

    /// Those to which anything happened yet.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Upload> {
        self.entries.iter_mut().filter_map(|(_, entry)| match entry {
            Entry::Upload(upload) => Some(upload.as_mut()),
            Entry::File(_) => None,
        })
    }

    /// The numbers of all.
    pub fn ids(&self) -> Vec<UploadId> {
        self.entries.iter().map(|(id, _)| *id).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
